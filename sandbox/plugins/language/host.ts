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
import { unsupported, statusOf, unary } from "../serve";
import { Children } from "./children";
import { readOptions } from "./options";
import { programDependencies, requiredPackages } from "./packages";
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

const UNSUPPORTED = {
    runtimeOptionsPrompts: unary(() => unsupported("Asking for runtime options (pulumi new)")),
    template: unary(() => unsupported("Filling in a template (pulumi new)")),
    generateProgram: unary(() => unsupported("Generating a program (use pulumi import --generate-code=false)")),
    generateProject: unary(() => unsupported("Generating a project (pulumi convert)")),
    generatePackage: unary(() => unsupported("Generating a package (pulumi package gen-sdk)")),
    pack: unary(() => unsupported("Packing a package")),
    link: unary(() => unsupported("Linking a package (pulumi package add)")),
};

/** The LanguageRuntime service of one engine. */
export class LanguageHost {
    readonly children = new Children();

    constructor(
        /** Address of the engine. Unknown until the handshake if the engine attaches to a running host. */
        private engine: string | undefined,
        private readonly tracing?: string,
    ) {}

    /** All calls of the service. An unsupported call fails with UNIMPLEMENTED and a message. */
    service(): grpc.UntypedServiceImplementation {
        const calls: Record<keyof typeof LanguageRuntimeService, grpc.UntypedHandleCall> = {
            handshake: unary((request: language.LanguageHandshakeRequest) => {
                this.engine = request.getEngineAddress() || this.engine;
                return new language.LanguageHandshakeResponse();
            }),
            getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(versions.pulumi)),
            getRequiredPackages: unary((request: language.GetRequiredPackagesRequest) => {
                const packages = this.packagesOf(request.getInfo()?.getProgramDirectory() ?? "");
                return new language.GetRequiredPackagesResponse().setPackagesList(
                    packages.map(({ name, version, server }) =>
                        new plugin.PackageDependency()
                            .setName(name)
                            .setKind("resource")
                            .setVersion(version)
                            .setServer(server),
                    ),
                );
            }),
            getRequiredPlugins: unary((request: language.GetRequiredPluginsRequest) => {
                const packages = this.packagesOf(request.getInfo()?.getProgramDirectory() || request.getPwd());
                return new language.GetRequiredPluginsResponse().setPluginsList(
                    packages.map(({ name, version, server }) =>
                        new plugin.PluginDependency()
                            .setName(name)
                            .setKind("resource")
                            .setVersion(version)
                            .setServer(server),
                    ),
                );
            }),
            about: unary((request: language.AboutRequest) => {
                optionsOf(request.getInfo());
                return new language.AboutResponse().setExecutable(process.execPath).setVersion(process.version);
            }),
            getProgramDependencies: unary((request: language.GetProgramDependenciesRequest) => {
                const folder = request.getInfo()?.getProgramDirectory() || request.getPwd();
                const dependencies = programDependencies(folder, request.getTransitivedependencies());
                return new language.GetProgramDependenciesResponse().setDependenciesList(
                    dependencies.map(({ name, version }) =>
                        new language.DependencyInfo().setName(name).setVersion(version),
                    ),
                );
            }),
            run: unary((request: language.RunRequest) => this.run(request)),
            runPlugin: ((call) => {
                runPlugin(call, optionsOf(call.request.getInfo()), this.children);
            }) as grpc.handleServerStreamingCall<language.RunPluginRequest, language.RunPluginResponse>,
            installDependencies: ((call) => this.install(call)) as grpc.handleServerStreamingCall<
                language.InstallDependenciesRequest,
                language.InstallDependenciesResponse
            >,
            cancel: unary(() => {
                this.children.stop();
                return new Empty();
            }),
            ...UNSUPPORTED,
        };
        return calls;
    }

    private packagesOf(folder: string) {
        return requiredPackages(folder, hasPlugin);
    }

    private async run(request: language.RunRequest): Promise<language.RunResponse> {
        if (request.getQuerymode()) unsupported("Query mode");
        if (request.getAttachDebugger()) unsupported("--attach-debugger");
        if (this.engine === undefined)
            throw new Error(
                "Run was called before Handshake, so the language host does not know the engine's address.",
            );
        const options = optionsOf(request.getInfo());
        const { error, bail } = await runProgram(request, options, this.children, this.engine, this.tracing);
        return new language.RunResponse().setError(error).setBail(bail);
    }

    /** Handles `pulumi install` with npm, from the lock file if there is one. */
    private install(
        call: grpc.ServerWritableStream<language.InstallDependenciesRequest, language.InstallDependenciesResponse>,
    ): void {
        const folder = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
        const fail = (error: unknown) => call.emit("error", statusOf(error));
        try {
            optionsOf(call.request.getInfo());
            const npm = findOnPath("npm");
            if (npm === undefined)
                throw new Error("npm: not on PATH, so no packages can be installed. Install Node.js with npm.");
            const child = this.children.start(npm, ["install", "--loglevel=error"], {
                cwd: folder,
                stdio: ["ignore", "pipe", "pipe"],
            });
            const answer = () => new language.InstallDependenciesResponse();
            child.stdout?.on("data", (chunk: Buffer) => call.write(answer().setStdout(chunk)));
            child.stderr?.on("data", (chunk: Buffer) => call.write(answer().setStderr(chunk)));
            Children.ended(child).then(({ code, signal }) => {
                if (code === 0) call.end();
                else fail(new Error(`npm install failed in ${folder} (${code ?? signal}).`));
            }, fail);
        } catch (error) {
            fail(error);
        }
    }
}
