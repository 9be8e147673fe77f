import type { ChildProcess } from "node:child_process";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { type RunPluginRequest, RunPluginResponse } from "@pulumi/pulumi/proto/language_pb";
import { unsupported, statusOf } from "../serve";
import { Children } from "./children";
import type { RuntimeOptions } from "./options";
import { PolicyProxy } from "./policy-proxy";
import { locate, optionEnvironment } from "./run";

type Call = ServerWritableStream<RunPluginRequest, RunPluginResponse>;

/** Runs a policy pack. Its output and exit code are written to the stream of the call. */
export async function runPlugin(call: Call, options: RuntimeOptions, children: Children): Promise<void> {
    const request = call.request;
    try {
        if (request.getAttachDebugger()) unsupported("--attach-debugger");
        if (request.getKind() === "analyzer") await runPolicyPack(call, options, children);
        else unsupported(`A plugin of kind "${request.getKind()}"`);
    } catch (error) {
        call.emit("error", statusOf(error));
    }
}

const folderOf = (request: RunPluginRequest) => request.getInfo()?.getProgramDirectory() || request.getProgram();

function environmentOf(request: RunPluginRequest, options: RuntimeOptions): NodeJS.ProcessEnv {
    const given = request.getEnvList().map((entry) => {
        const at = entry.indexOf("=");
        return [entry.slice(0, at), entry.slice(at + 1)] as const;
    });
    return { ...Object.fromEntries(given), ...optionEnvironment(options) };
}

const stdout = (call: Call, bytes: Buffer) => call.write(new RunPluginResponse().setStdout(bytes));

async function finish(call: Call, child: ChildProcess): Promise<void> {
    child.stderr?.on("data", (bytes: Buffer) => call.write(new RunPluginResponse().setStderr(bytes)));
    call.on("cancelled", () => Children.interrupt(child));
    const { code } = await Children.ended(child);
    call.write(new RunPluginResponse().setExitcode(code ?? 1));
    call.end();
}

/** Runs a pack in its own folder, with the stack's configuration in its environment. */
async function runPolicyPack(call: Call, options: RuntimeOptions, children: Children): Promise<void> {
    const request = call.request;
    const folder = folderOf(request);
    const script = locate("@pulumi/pulumi/cmd/run-policy-pack", folder);
    const proxy = new PolicyProxy();
    call.on("cancelled", () => proxy.close("the policy pack was stopped"));
    try {
        stdout(call, Buffer.from(`${await proxy.listen()}\n`));
        const configuration = await proxy.configuration();
        const env = environmentOf(request, options);
        if (configuration) {
            env.PULUMI_NODEJS_ORGANIZATION = configuration.getOrganization();
            env.PULUMI_NODEJS_PROJECT = configuration.getProject();
            env.PULUMI_NODEJS_STACK = configuration.getStack();
            env.PULUMI_NODEJS_DRY_RUN = String(configuration.getDryRun());
            env.PULUMI_CONFIG = JSON.stringify(Object.fromEntries(configuration.getConfigMap().getEntryList()));
        }
        const child = children.startNode([script, ...request.getArgsList(), folder], {
            cwd: folder,
            env,
            stdio: ["ignore", "pipe", "pipe"],
        });
        const attach = (port: number) => {
            if (!Number.isInteger(port))
                return proxy.close("the first output of the policy pack was not its port number");
            proxy.attach(port).catch((error: Error) => proxy.close(`the policy pack failed: ${error.message}`));
        };
        child.stdout?.on(
            "data",
            portThen(attach, (rest) => stdout(call, rest)),
        );
        await finish(call, child);
    } finally {
        proxy.close("the policy pack ended");
    }
}

/**
 * Splits the output of a plugin. Calls `port` with the port, which is the first line, and `rest` with all later output.
 */
function portThen(port: (port: number) => void, rest: (bytes: Buffer) => void): (bytes: Buffer) => void {
    let line: Buffer | undefined = Buffer.alloc(0);
    return (bytes) => {
        if (line === undefined) return rest(bytes);
        line = Buffer.concat([line, bytes]);
        const end = line.indexOf("\n");
        if (end === -1) return;
        const after = line.subarray(end + 1);
        port(Number(line.subarray(0, end).toString()));
        line = undefined;
        if (after.length > 0) rest(after);
    };
}
