import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { findOnPath } from "../../toolchain/path";
import versions from "../../toolchain/versions.json";
import { unsupported, unary } from "../serve";
import { Children } from "./children";
import { readOptions } from "./options";
import { requiredPackages } from "./packages";
import { runProgram } from "./run";
import { runPlugin } from "./run-plugin";

const optionsOf = (info: language.ProgramInfo | undefined) => {
    const options = info?.getOptions() as Struct | undefined;
    return readOptions((options?.toJavaScript() ?? {}) as Record<string, unknown>);
};

/** Whether the engine can find a provider: on PATH, or among the downloaded plugins. */
function hasPlugin(name: string): boolean {
    if (findOnPath(`pulumi-resource-${name}`) !== undefined) return true;
    const folder = path.join(process.env.PULUMI_HOME || path.join(os.homedir(), ".pulumi"), "plugins");
    return fs.existsSync(folder) && fs.readdirSync(folder).some((entry) => entry.startsWith(`resource-${name}-v`));
}

/** Calls of commands other than preview, up, refresh, destroy, import without code, stacks and policy packs. */
const UNSUPPORTED = [
    ...(["runtimeOptionsPrompts", "template", "generateProgram", "generateProject", "generatePackage"] as const),
    ...(["pack", "link", "getRequiredPlugins", "about", "getProgramDependencies"] as const),
];
const refused = Object.fromEntries(
    UNSUPPORTED.map((name) => [name, unary(() => unsupported(`The language host's call ${name}`))]),
) as unknown as Record<(typeof UNSUPPORTED)[number], grpc.UntypedHandleCall>;

/** The LanguageRuntime service of one engine. */
export class LanguageHost {
    readonly children = new Children();

    /** @param engine address of the engine */
    constructor(private readonly engine: string) {}

    /** All calls of the service. An unsupported call fails with UNIMPLEMENTED and a message. */
    service(): grpc.UntypedServiceImplementation {
        const calls: Record<keyof typeof LanguageRuntimeService, grpc.UntypedHandleCall> = {
            handshake: unary(() => new language.LanguageHandshakeResponse()),
            getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(versions.pulumi)),
            getRequiredPackages: unary((request: language.GetRequiredPackagesRequest) => {
                const packages = requiredPackages(request.getInfo()?.getProgramDirectory() ?? "", hasPlugin);
                return new language.GetRequiredPackagesResponse().setPackagesList(
                    packages.map(({ name, version }) =>
                        new plugin.PackageDependency().setName(name).setKind("resource").setVersion(version),
                    ),
                );
            }),
            run: unary((request: language.RunRequest) => this.run(request)),
            runPlugin: ((call) => {
                runPlugin(call, optionsOf(call.request.getInfo()), this.children);
            }) as grpc.handleServerStreamingCall<language.RunPluginRequest, language.RunPluginResponse>,
            installDependencies: ((call) => {
                call.emit("error", {
                    code: grpc.status.UNIMPLEMENTED,
                    details: "unsupported by the sandbox. Run: npm ci",
                });
            }) as grpc.handleServerStreamingCall<unknown, unknown>,
            cancel: unary(() => {
                this.children.stop();
                return new Empty();
            }),
            ...refused,
        };
        return calls;
    }

    private async run(request: language.RunRequest): Promise<language.RunResponse> {
        if (request.getQuerymode()) unsupported("Query mode");
        if (request.getAttachDebugger()) unsupported("--attach-debugger");
        const options = optionsOf(request.getInfo());
        const { error, bail } = await runProgram(request, options, this.children, this.engine);
        return new language.RunResponse().setError(error).setBail(bail);
    }
}
