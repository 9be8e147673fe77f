import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { unsupported, statusOf } from "../serve";
import { Children } from "./children";
import { PolicyProxy } from "./policy-proxy";
import { locate, optionEnvironment, type RuntimeOptions } from "./run";

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/** Runs a policy pack. Its output and exit code are written to the stream of the call. */
export async function runPlugin(call: Call, options: () => RuntimeOptions, children: Children): Promise<void> {
    const { request } = call;
    try {
        if (request.getAttachDebugger() || request.getKind() !== "analyzer")
            unsupported(`--attach-debugger, and a plugin of kind "${request.getKind()}"`);
        await runPolicyPack(call, options(), children);
    } catch (error) {
        call.emit("error", statusOf(error));
    }
}

/** Runs a pack in its own folder, with the stack's configuration in its environment. */
async function runPolicyPack(call: Call, options: RuntimeOptions, children: Children): Promise<void> {
    const { request } = call;
    const folder = request.getInfo()?.getProgramDirectory() || request.getProgram();
    const script = locate("@pulumi/pulumi/cmd/run-policy-pack", folder);
    const stdout = (bytes: Buffer) => void call.write(new RunPluginResponse().setStdout(bytes));
    const proxy = new PolicyProxy();
    call.on("cancelled", () => proxy.close("the policy pack was stopped"));
    try {
        stdout(Buffer.from(`${await proxy.listen()}\n`));
        const configuration = await proxy.configuration();
        const given = request.getEnvList().map((entry) => entry.split(/=(.*)/s).slice(0, 2) as [string, string]);
        const env: NodeJS.ProcessEnv = { ...Object.fromEntries(given), ...optionEnvironment(options) };
        if (configuration) {
            env.PULUMI_NODEJS_ORGANIZATION = configuration.getOrganization();
            env.PULUMI_NODEJS_PROJECT = configuration.getProject();
            env.PULUMI_NODEJS_STACK = configuration.getStack();
            env.PULUMI_NODEJS_DRY_RUN = String(configuration.getDryRun());
            env.PULUMI_CONFIG = JSON.stringify(Object.fromEntries(configuration.getConfigMap().getEntryList()));
        }
        const words = [script, ...request.getArgsList(), folder];
        const child = children.startNode(words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
        const attach = (port: number) =>
            proxy.attach(port).catch((error: Error) => proxy.close(`the policy pack failed: ${error.message}`));
        child.stdout!.on("data", afterPort(attach, stdout));
        child.stderr!.on("data", (bytes: Buffer) => call.write(new RunPluginResponse().setStderr(bytes)));
        call.on("cancelled", () => Children.interrupt(child));
        const { code } = await Children.ended(child);
        call.write(new RunPluginResponse().setExitcode(code ?? 1));
        call.end();
    } finally {
        proxy.close("the policy pack ended");
    }
}

/** Splits the output of a plugin. Calls `port` with the port, which is the first line, and `rest` with all later output. */
function afterPort(port: (port: number) => void, rest: (bytes: Buffer) => void): (bytes: Buffer) => void {
    let line: Buffer | undefined = Buffer.alloc(0);
    return (bytes) => {
        if (line === undefined) return rest(bytes);
        line = Buffer.concat([line, bytes]);
        const end = line.indexOf("\n");
        if (end === -1) return;
        port(Number(line.subarray(0, end).toString()));
        rest(line.subarray(end + 1));
        line = undefined;
    };
}
