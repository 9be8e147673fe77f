/** Paths that a smoke test calls, and those that the server's model does not serve. */
import type { OpenaiPath } from "../../components/openai/paths";
import type { Settings } from "../../config";
import type { ListedCaller } from "../../config/keys/consumers/listed";
import type { Sample, ServerChecks } from "../../components/server-checks";
import { callService, type Credential } from "../service-call";
import type { ReadStack } from "../stack/settings";
import type { Row, Target } from "./smoke-calls";

/** Requests to the open paths of the stack. Without a gateway, only the server knows its models. */
export async function samplesOf(
    { settings }: ReadStack,
    { models: own }: ListedCaller,
    { samples, models }: ServerChecks,
    call: Target & { credential: Credential | undefined },
): Promise<Sample[]> {
    const { paths, models: all = [] } = openaiOf(settings);
    const [model] = own ?? all;
    if (model !== undefined || models === undefined || call.credential === undefined) return samples({ paths, model });
    const listed = await callService({ ...call, sample: models }).catch(() => undefined);
    return samples({ paths, model: (listed?.result?.data as { id: string }[] | undefined)?.[0]?.id });
}

function openaiOf(settings: Settings): { paths?: OpenaiPath[]; models?: string[] } {
    if (settings.option === "cloudflare") return { paths: settings.openaiPaths };
    return settings.server.kind === "openai" ? settings.server : {};
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
