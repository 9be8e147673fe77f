import type { Limits } from "../../components/consumers/limits";
import { didYouMean } from "../../config/problems";
import { daysUntil } from "../../config/keys/consumers/credentials";
import type { ListedCaller, ListedCredential } from "../../config/keys/consumers/listed";
import { dayAfter, dayProblems, isOver } from "../dates";
import {
    addCredential,
    hasConsumer,
    removeConsumer,
    removeCredential,
    setFields,
    setSecretVersion,
    type Method,
    type NewCredential,
} from "../stack/consumers-edit";
import type { Plan } from "../stack/apply/change";
import type { Alone } from "../stack/apply/edit";
import { nameIn } from "../../policy/resources/resource";
import { generatedIn } from "../stack/history/generated";
import type { Exported } from "../stack/review/preview";
import { isEdge, type ReadStack } from "../stack/settings";
import { LIMIT_OPTIONS } from "./options";

/** New credentials as the command's options describe them; `publicKeyFile` is the content of the file. */
type NewAsAsked = Pick<NewCredential, "method" | "algorithm" | "expires"> & { publicKeyFile?: string };

/** Options of a rotation. A service token has no successor: it gets a new secret in place. */
export type Rotation = Pick<NewAsAsked, "expires" | "publicKeyFile"> & { successor?: string; overlapDays: number };

/**
 * Plans a new consumer, or additional credentials of an existing consumer.
 * @param asked `limits` and `class` are those of a new consumer
 */
export function planAdd(
    stack: ReadStack,
    name: string,
    asked: NewAsAsked & { ids: string[]; limits?: Limits; class?: string },
    today: Date,
): Plan {
    const exists = stack.settings.callers.some((c) => c.name === name);
    const problems = [...dayProblems("--expires", asked.expires, today)];
    const { limits, class: named } = asked;
    if (exists && (limits || named !== undefined))
        problems.push(
            `${LIMIT_OPTIONS}, --class: only valid with a new consumer (${name} exists). Run: npm run ops -- consumer set-limits ${name}${stack.flag}`,
        );
    return {
        ...edit(stack, name, (text) =>
            asked.ids.reduce(
                (all, id) => addCredential(all, name, credentialOf(id, asked), { class: named, limits }),
                text,
            ),
        ),
        problems,
        effects: [
            `Adds ${asked.ids.join(", ")} (${describe(asked)}) to ${exists ? name : `the new consumer ${name}`}.`,
            ...(named === undefined ? [] : [`Class of ${name}: ${named}.`]),
        ],
    };
}

/** Plans a new credential as the successor of an existing one, which gets an expiry date. */
export function planRotate(stack: ReadStack, name: string, id: string, asked: Rotation, today: Date): Plan {
    const { consumer, credential, problems } = lookUp(stack, name, id);
    problems.push(...dayProblems("--expires", asked.expires, today), ...overlapProblems(stack, asked.overlapDays));
    if (!consumer || !credential) return { problems, effects: [] };
    const end = dayAfter(today, asked.overlapDays);
    if (isOver(credential.expires, today))
        problems.push(`${name}/${id}: expired on ${credential.expires}. Add a credential: npm run ops -- consumer add`);
    else if (credential.expires !== undefined && credential.expires < end)
        // An earlier expiry date was set for a reason, so a rotation must not extend it.
        problems.push(
            `--overlap-days: the overlap must end by ${credential.expires}, when ${id} expires (got ${asked.overlapDays}). Give at most ${daysUntil(credential.expires, today)} days.`,
        );
    if (credential.method === "service-token") return planInPlace(stack, name, credential, asked, end, problems, today);
    // The old key pair may have leaked, so the new credential needs a new key pair.
    if (asked.publicKeyFile !== undefined && asked.publicKeyFile.trim() === credential.publicKey?.trim())
        problems.push(`--public-key-file: must be a new key (got that of ${name}/${id}). Ask the caller for it.`);
    // If the new credential expired during the overlap, the caller would have no valid credential after the overlap.
    if (asked.expires !== undefined && asked.expires <= end)
        problems.push(
            `--expires: must be a day after ${end}, when the overlap ends (got ${asked.expires}). Choose a later one, or fewer --overlap-days.`,
        );
    const { successor } = asked;
    if (successor === undefined) {
        problems.push(
            `--successor: required with method ${credential.method}. Name the new credential, for example --successor ${id}-2.`,
        );
        return { problems, effects: [] };
    }
    const { algorithm } = credential as NewCredential;
    const next = { ...asked, method: credential.method as Method, algorithm };
    return {
        ...edit(stack, name, (text) =>
            addCredential(setFields(text, [name, id], { expires: end }), name, credentialOf(successor, next)),
        ),
        problems,
        effects: [
            `Adds ${successor} (${describe(next)}) to ${name}.`,
            `The first pulumi up on or after ${end} (UTC) removes ${id}; until then both work.`,
            ...(credential.expires !== undefined && asked.expires === undefined
                ? [
                      `${successor} does not expire, but ${id} would have expired on ${credential.expires}. To set a day: --expires <day>`,
                  ]
                : []),
        ],
    };
}

/**
 * Plans a new secret for an existing service token. A rotation does not create a second token, because an account can have
 * only 50 tokens. Cloudflare accepts the previous secret until the day `end`.
 */
function planInPlace(
    stack: ReadStack,
    name: string,
    { id, secretVersion: version = 1, previousSecretExpires: before }: ListedCredential,
    { successor, publicKeyFile, expires }: Rotation,
    end: string,
    problems: string[],
    today: Date,
): Plan {
    const given = { "--successor": successor, "--public-key-file": publicKeyFile, "--expires": expires };
    for (const option of Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name])))
        problems.push(
            `${option}: must not be given for a service token, which gets a new secret in place and keeps its expiry date. Leave it out.`,
        );
    const effects = [
        `${name}/${id} gets a new secret, number ${version + 1}; its client id stays.`,
        `The previous secret works until ${end}T00:00Z; from then on Cloudflare rejects it.`,
    ];
    if (before !== undefined && daysUntil(before, today) > 0)
        effects.push(
            `The secret before the previous one stops working at once instead of on ${before}, because Cloudflare keeps only one previous secret. Wait if the caller still uses that secret.`,
        );
    return { ...edit(stack, name, (text) => setSecretVersion(text, name, id, version + 1, end)), problems, effects };
}

/** Plans the revocation of a credential or, without an id, the removal of a consumer. @returns also the ids */
export function planRevoke(stack: ReadStack, name: string, id?: string): Plan & { ids: string[] } {
    const { consumer, credential, problems } = lookUp(stack, name, id);
    if (!consumer || (id !== undefined && !credential)) return { problems, effects: [], ids: [] };
    const all = consumer.credentials.map((one) => one.id);
    const ids = id === undefined ? all : [id];
    const rest = all.filter((one) => !ids.includes(one));
    const removed = `Consumer ${name} is removed. ${ids.length > 0 ? `Its credentials stop working: ${ids.join(", ")}.` : "It had no credentials."}`;
    const left =
        rest.length > 0
            ? `Unchanged: ${rest.join(", ")}.`
            : `No credential is left, but the entry of ${name} stays. To remove it: npm run ops -- consumer remove ${name}${stack.flag}`;
    const change = (text: string) => (id === undefined ? removeConsumer(text, name) : removeCredential(text, name, id));
    const effects = [id === undefined ? removed : `Credential ${id} of ${name} stops working. ${left}`];
    const alone = (state: Exported) => {
        const { kept, lost } = id === undefined ? { kept: [], lost: [] } : droppedByOthers(state, consumer);
        return { ...aloneOf(stack, name, ids, kept), lost };
    };
    return { ...edit(stack, name, change), alone, problems, effects, ids };
}

/**
 * How a run revokes only these credentials. It updates the caller's objects in place: Pulumi deletes no object on which
 * another object depends that is not a target.
 * @param kept credentials that the file lacks and that go on working
 */
function aloneOf(stack: ReadStack, name: string, ids: string[], kept: NewCredential[]): Omit<Alone, "lost"> {
    const atEdge = isEdge(stack);
    const change = (text: string, id: string) =>
        atEdge ? setFields(text, [name, id], { enabled: false }) : removeCredential(text, name, id);
    const keep = (text: string, one: NewCredential) => addCredential(text, name, one);
    return {
        text: edit(stack, name, (text) => kept.reduce(keep, ids.reduce(change, text))).after!,
        targets: [
            // Without these, a targeted run would not notice another cluster, and would use an earlier login.
            "**:StackIdentity::*",
            // Has the digest of the callers, which a conversion compares.
            ...("step" in stack.settings ? ["**:ConversionRecord::*"] : []),
            // The component, whose inputs name the credentials.
            `**::${name}`,
            ...(atEdge
                ? ids.map((id) => `**::${name}.${id}-token`)
                : [
                      "**::pulumi:providers:kubernetes::cluster",
                      `**::${name}-consumer`,
                      `**::${name}.*`,
                      "**:Revocations::*",
                  ]),
        ],
    };
}

/**
 * Credentials of a caller that are applied, and that others have removed from the file.
 * @returns those with a generated secret as the file had them, and the names of the others: only the file had their keys
 */
function droppedByOthers(state: Exported, { name, credentials }: ListedCaller) {
    const component = (state.resources ?? []).find(
        ({ type, urn }) => type === "alpa-auth:index:Caller" && nameIn(urn) === name,
    );
    const applied = (component?.inputs?.credentials ?? {}) as Record<string, Omit<NewCredential, "id">>;
    const dropped = Object.keys(applied).filter((id) => !credentials.some((one) => one.id === id));
    const generated = generatedIn(state);
    const isKept = (id: string) => generated.has(`${name}/${id}`);
    return {
        kept: dropped.filter(isKept).map((id) => {
            const { method, algorithm, expires } = applied[id];
            return { id, method, algorithm, expires };
        }),
        lost: dropped.filter((id) => !isKept(id)).map((id) => `${name}/${id}`),
    };
}

/** Edits the file that contains the consumer. A new consumer is added to the callers file, if there is one. */
export function edit(
    { text, callers }: ReadStack,
    name: string,
    change: (text: string) => string,
): Pick<Plan, "after" | "inCallersFile"> {
    if (callers === undefined || hasConsumer(text, name)) return { after: change(text) };
    return { after: change(callers.text), inCallersFile: true };
}

/** Finds a consumer and its credential in the config. Each is undefined if the config lacks it. */
export function lookUp(stack: ReadStack, name: string, id?: string) {
    const consumers = stack.settings.callers;
    const consumer = consumers.find((c) => c.name === name);
    const credential = consumer?.credentials.find((c) => c.id === id);
    const names = consumers.map((c) => c.name);
    const ids = consumer?.credentials.map((c) => c.id) ?? [];
    const problems: string[] = [];
    const see = (word: string, known: string[]) =>
        didYouMean(word, known) || ` See: npm run ops -- consumer list${stack.flag}`;
    if (!consumer) problems.push(`${name}: is not a consumer of the config.${see(name, names)}`);
    else if (id !== undefined && !credential)
        problems.push(`${name}/${id}: is not a credential of the config.${see(id, ids)}`);
    return { consumer, credential, problems };
}

/** For example `key` or `jwt HS256, expires 2027-01-31`. */
function describe({ method, algorithm, expires }: Pick<ListedCredential, "method" | "algorithm" | "expires">): string {
    const how = [method, algorithm].filter((word) => word !== undefined).join(" ");
    return expires === undefined ? how : `${how}, expires ${expires}`;
}

function credentialOf(id: string, { method, algorithm, publicKeyFile: pem, expires }: NewAsAsked): NewCredential {
    return { id, method, algorithm, expires, publicKey: pem && `${pem.trim()}\n` };
}

function overlapProblems({ settings: { maxOverlapDays: longest } }: ReadStack, days: number): string[] {
    if (days <= longest) return [];
    return [
        `--overlap-days: must be at most ${longest}, the stack's maxOverlapDays (got ${days}). Choose fewer, or add an independent credential: npm run ops -- consumer add`,
    ];
}
