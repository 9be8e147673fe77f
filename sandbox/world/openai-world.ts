/** The OpenAI-compatible server of stack openai: its world, and the key with which the gateway calls it. */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { modelsOf } from "./overlay";
import { ROOT, serverKeyFile, writePrivate, type WorldFacts } from "./state";
import type { WorldOptions } from "./world";

/** Time for one token of the emulated vLLM, in seconds: slow enough to watch a stream. */
const TOKEN_SECONDS = 0.05;

/** Options of the server, with a new key. */
export function openAiWorld(dir: string): Pick<WorldOptions, "openai"> {
    const apiKey = `sk-${randomBytes(24).toString("base64url")}`;
    writePrivate(serverKeyFile(dir), apiKey);
    const models = modelsOf(readFileSync(join(ROOT, "Pulumi.openai.yaml"), "utf8"));
    const beforeToken = () => sleep(TOKEN_SECONDS * 1000);
    return { openai: { models, apiKey, beforeToken } };
}

/** The secrets of a stack file about its OpenAI-compatible server; empty if its server is Alpa. */
export function serverSecrets(text: string, { stackFiles }: WorldFacts): Record<string, string> {
    if (modelsOf(text).length === 0) return {};
    return { "openai.serverKey": readFileSync(serverKeyFile(dirname(stackFiles)), "utf8") };
}
