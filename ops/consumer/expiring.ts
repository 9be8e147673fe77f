import { daysUntil } from "../../config/keys/consumers/credentials";
import type { ListedCaller } from "../../config/keys/consumers/listed";
import type { Context } from "../context";
import { inWords } from "../dates";
import { FindingsError } from "../errors";
import { json, table } from "../output";
import { isEdge, type ReadStack } from "../stack/settings";

interface ExpiringArgs {
    /** Days within which the listed credentials expire. */
    expiring?: number;
    failOn?: number;
    json?: boolean;
}

/** Shows which credentials of the config expire soon, or have expired, for `consumer list --expiring`. */
export function listExpiring(
    context: Context,
    stack: ReadStack,
    { expiring = 0, failOn, json: isJson }: ExpiringArgs,
): void {
    // A rotated service token gets a new secret in place, and keeps its expiry date.
    const tokens = isEdge(stack);
    // The list also covers the days of --fail-on, so it shows every credential that makes the command fail.
    const within = Math.max(expiring, failOn ?? 0);
    const found = soonest(stack.settings.callers, within, context.today);
    const renewal = tokens ? "add <consumer> --credential <id>" : "rotate <consumer> <credential> --successor <id>";
    if (isJson) context.out(json(found));
    else if (found.length === 0) context.out(`No credential expires within ${within} days.`);
    else {
        const rows = found.map((e) => [e.consumer, e.credential, e.expires, inWords(e.days)]);
        context.out(table(["consumer", "credential", "expires", "that is"], rows));
        context.note(`Next: npm run ops -- consumer ${renewal}${stack.flag}`);
    }
    if (tokens)
        context.note(
            `Service tokens whose expiry date Cloudflare derives from their duration are not in this list. See: npm run ops -- consumer list${stack.flag}`,
        );
    const near = failOn === undefined ? [] : found.filter(({ days }) => days <= failOn);
    if (near.length > 0)
        throw new FindingsError(
            `${stack.short}: credentials expire within ${failOn} days or have expired (${near.map((e) => `${e.consumer}/${e.credential}`).join(", ")}). ${tokens ? "Add a second credential to each caller" : "Rotate each"}; remove the entry of an expired one: npm run ops -- consumer revoke`,
        );
}

/** Sorted by expiry date, expired credentials first. `days` is negative for those. */
export function soonest(consumers: ListedCaller[], within: number, today: Date) {
    return consumers
        .flatMap(({ name: consumer, credentials }) =>
            credentials.flatMap(({ id: credential, expires }) =>
                expires === undefined ? [] : [{ consumer, credential, expires, days: daysUntil(expires, today) }],
            ),
        )
        .filter(({ days }) => days <= within)
        .sort((a, b) => a.days - b.days);
}
