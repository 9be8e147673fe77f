/** Paths that a smoke test calls, and those that the server's model does not serve. */
import type { OpenaiPath } from "../../components/openai/settings";
import type { Sample, ServerChecks } from "../../components/server-checks";
import { callService, type Credential } from "../service-call";
import type { Stack } from "../stack/stack";
import { readValue, type Consumer } from "../stack/stack-file";
import type { Row, Target } from "./smoke-calls";

/** Requests to the open paths of the stack. Without a gateway, only the server knows its models. */
export async function samplesOf(
    { text }: Stack,
    { models: own }: Consumer,
    { samples, models }: ServerChecks,
    call: Target & { credential: Credential | undefined },
): Promise<Sample[]> {
    const paths = readValue(text, "openai", "paths") as OpenaiPath[] | undefined;
    const [model] = own ?? (readValue(text, "openai", "models") as string[] | undefined) ?? [];
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
