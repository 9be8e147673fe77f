/**
 * Starts llama.cpp with the server of llama-cpp-python instead of the emulated vLLM. Its model is tiny, and has random weights:
 * the API is real, the answers mean nothing.
 */
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { writeSecret } from "../control-plane/secret-file";
import { lastLines, waitFor } from "../processes";
import type { Found } from "./parts";
import { startProgram, type Ground } from "./run";

/** Longest wait for the server's first answer, in seconds. */
const START_SECONDS = 60;

interface LlamaOptions {
    /** Port on 127.0.0.1. */
    port: number;
    /** Names of the model. */
    models: readonly string[];
    apiKey?: string;
}

export async function startLlama(
    ground: Ground,
    { paths: { python } }: Found,
    { port, models, apiKey }: LlamaOptions,
): Promise<{ close(): Promise<void> }> {
    const folder = join(ground.stateDir, "llama");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const model = join(folder, "model.gguf");
    await promisify(execFile)(python, [join(__dirname, "llama-model.py"), model]);
    const config = join(folder, "config.json");
    // The key is in a file, because every user of the machine can read arguments.
    writeSecret(
        config,
        JSON.stringify({ api_key: apiKey, models: models.map((model_alias) => ({ model, model_alias })) }),
    );
    const command = [python, "-m", "llama_cpp.server", "--config_file", config];
    const env = { HOST: "127.0.0.1", PORT: String(port) };
    const server = await startProgram(ground, { name: "llama", command, folder, env });
    let ended = false;
    void server.exited.then(() => (ended = true));
    const headers = apiKey === undefined ? undefined : { Authorization: `Bearer ${apiKey}` };
    const answers = () => fetch(`http://127.0.0.1:${port}/v1/models`, { headers }).then(({ ok }) => ok);
    try {
        await waitFor("llama.cpp", async () => ended || answers().catch(() => false), { seconds: START_SECONDS });
        if (ended) throw new Error(`llama.cpp has ended. End of its log: ${lastLines(server.logFile)}`);
    } catch (error) {
        await server.stop();
        throw error;
    }
    return { close: () => server.stop() };
}
