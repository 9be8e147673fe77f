/** Paths that a smoke test calls, and those that the server's model does not serve. */
import type { ListedCaller } from "../../config/keys/consumers/listed";
import type { Sample, ServerChecks } from "../../components/server-checks";
import { callService, type Credential } from "../service-call";
import { openaiOf } from "../stack/gateway";
import type { ReadStack } from "../stack/settings";
import type { Row, Target } from "./smoke-calls";

/** Requests to the open paths of the stack. Without a gateway, only the server knows its models. */
export async function samplesOf(
    stack: ReadStack,
    { models: own }: ListedCaller,
    { samples, models }: ServerChecks,
    call: Target & { credential: Credential | undefined },
): Promise<Sample[]> {
    const { paths, models: all = [] } = openaiOf(stack);
    const [model] = own ?? all;
    if (model !== undefined || models === undefined || call.credential === undefined) return samples({ paths, model });
    const listed = await callService({ ...call, sample: models }).catch(() => undefined);
    return samples({ paths, model: (listed?.result?.data as { id: string }[] | undefined)?.[0]?.id });
}

/**
 * Leaves out paths that the model does not serve, if it serves others.
 * @param lacking rows in which the server says so
 * @returns also why they were left out
 */
export function withoutLacking(rows: Row[], lacking: ReadonlySet<Row>): { tried: Row[]; lacking: string[] } {
    const serves = rows.some(({ got, route }) => got === "200" && route !== "models");
    if (!serves) return { tried: rows, lacking: [] };
    const said = [...lacking].map(({ route, meaning }) => `${route}: the model may lack it (the server ${meaning})`);
    return { tried: rows.filter((row) => !lacking.has(row)), lacking: [...new Set(said)] };
}
