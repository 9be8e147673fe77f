import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as language from "@pulumi/pulumi/proto/language_pb";
import type { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { findOnPath } from "../../toolchain/path";
import versions from "../../toolchain/versions.json";
import { unsupported, unary } from "../serve";
import { Children } from "./children";
import { readOptions, runProgram } from "./run";
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

interface PackageJson {
    version?: string;
    dependencies?: Record<string, string>;
    devDependencies?: Record<string, string>;
    pulumi?: { resource?: boolean; name?: string; version?: string };
}

function readPackage(folder = ""): PackageJson {
    const file = path.join(folder, "package.json");
    return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as PackageJson) : {};
}

/**
 * The Pulumi packages of a program, from the `pulumi` part of the package.json of its dependencies. A package is omitted if its
 * plugin is not on this machine. Otherwise every command would fail, even if the program never uses the package. If the program
 * does use it, the engine fails with an error that names the package.
 */
function requiredPackages(program: string): plugin.PackageDependency[] {
    const { dependencies, devDependencies } = readPackage(program);
    const paths = createRequire(path.join(program, "index.js")).resolve.paths("x") ?? [];
    return Object.keys({ ...dependencies, ...devDependencies }).flatMap((npmName) => {
        const folders = paths.map((modules) => path.join(modules, npmName));
        const { version, pulumi } = readPackage(folders.find((folder) => fs.existsSync(folder)) ?? "/absent");
        const name = pulumi?.name ?? npmName.replace(/^@[^/]+\//, "");
        if (!pulumi?.resource || !hasPlugin(name)) return [];
        const wanted = `v${(pulumi.version ?? version ?? "").replace(/^v/, "")}`;
        return [new plugin.PackageDependency().setName(name).setKind("resource").setVersion(wanted)];
    });
}

/** The LanguageRuntime service of one engine. */
export class LanguageHost {
    readonly children = new Children();

    /** @param engine address of the engine */
    constructor(private readonly engine: string) {}

    service(): grpc.UntypedServiceImplementation {
        const calls: Partial<Record<keyof typeof LanguageRuntimeService, grpc.UntypedHandleCall>> = {
            handshake: unary(() => new language.LanguageHandshakeResponse()),
            getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(versions.pulumi)),
            getRequiredPackages: unary((request: language.GetRequiredPackagesRequest) =>
                new language.GetRequiredPackagesResponse().setPackagesList(
                    requiredPackages(request.getInfo()?.getProgramDirectory() ?? ""),
                ),
            ),
            run: unary((request: language.RunRequest) => this.run(request)),
            runPlugin: ((call) => {
                void runPlugin(call, () => optionsOf(call.request.getInfo()), this.children);
            }) as grpc.handleServerStreamingCall<language.RunPluginRequest, language.RunPluginResponse>,
            cancel: unary(() => {
                this.children.stop();
                return new Empty();
            }),
        };
        return calls as grpc.UntypedServiceImplementation;
    }

    private async run(request: language.RunRequest): Promise<language.RunResponse> {
        if (request.getQuerymode() || request.getAttachDebugger()) unsupported("Query mode, and --attach-debugger");
        const { error, bail } = await runProgram(request, optionsOf(request.getInfo()), this.children, this.engine);
        return new language.RunResponse().setError(error).setBail(bail);
    }
}
