/** The pack as Pulumi starts it, without an engine: this file sends the engine's requests. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { CONFIG } from "./facts";
import type { Given } from "./stacks";

const ROOT = join(__dirname, "../../..");
/** @param folder of the pack */
export class Pack {
    private constructor(
        private readonly client: AnalyzerClient,
        readonly stop: () => Promise<void>,
    ) {}

    static async start(folder = join(ROOT, "policy")): Promise<Pack> {
        const script = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
        const child = spawn(process.execPath, [script, "127.0.0.1:0", folder], {
            cwd: folder,
            env: { ...process.env, PULUMI_CONFIG: JSON.stringify(CONFIG) },
            stdio: ["ignore", "pipe", "pipe"],
        });
        let said = "";
        child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
        child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
        const port = await Promise.race([
            once(child.stdout, "data").then(([text]) => Number(text)),
            once(child, "close").then(() => Promise.reject(new Error(said))),
        ]);
        const client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
        const ended = once(child, "close");
        return new Pack(client, async () => {
            client.close();
            child.kill();
            await ended;
        });
    }

    /**
     * Sends the engine's requests for one resource, in the engine's order.
     * @param told whether to request the remediation, which tells the pack what is secret
     */
    async resource(given: Given, told = true): Promise<Said[]> {
        const request = new analyzer.AnalyzeRequest()
            .setType(given.type)
            .setName(given.name)
            .setUrn(given.urn)
            .setProperties(Struct.fromJavaScript(given.inputs))
            .setOptions(new analyzer.AnalyzerResourceOptions().setProtect(given.protect));
        if (told) await this.ask("remediate", request);
        return said(await this.ask("analyze", request));
    }

    /** Sends the engine's request at the end of a run, for all resources. */
    async stack(given: Given[]): Promise<Said[]> {
        const resources = given.map(({ type, name, urn, protect, inputs, id }) =>
            new analyzer.AnalyzerResource()
                .setType(type)
                .setName(name)
                .setUrn(urn)
                // `id` is the only output of a provider that the pack reads.
                .setProperties(Struct.fromJavaScript({ ...inputs, id: id as string }))
                .setOptions(new analyzer.AnalyzerResourceOptions().setProtect(protect)),
        );
        return said(await this.ask("analyzeStack", new analyzer.AnalyzeStackRequest().setResourcesList(resources)));
    }

    private ask(method: "remediate" | "analyze" | "analyzeStack", request: unknown): Promise<analyzer.AnalyzeResponse> {
        const call = (this.client[method] as unknown as Call).bind(this.client);
        return new Promise((resolve, reject) =>
            call(request, (error, response) => (error ? reject(error) : resolve(response))),
        );
    }
}
type Call = (
    request: unknown,
    done: (error: grpc.ServiceError | null, response: analyzer.AnalyzeResponse) => void,
) => void;

/** One violation. */
export interface Said {
    rule: string;
    message: string;
    urn: string;
    refuses: boolean;
}

const REFUSES = [analyzer.EnforcementLevel.MANDATORY, analyzer.EnforcementLevel.REMEDIATE] as number[];

function said(response: analyzer.AnalyzeResponse): Said[] {
    return response.getDiagnosticsList().map((one) => ({
        rule: one.getPolicyname(),
        message: one.getMessage(),
        urn: one.getUrn(),
        refuses: REFUSES.includes(one.getEnforcementlevel()),
    }));
}
