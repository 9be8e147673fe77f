// Proves the protocol of the language host, with small scripts instead of @pulumi/pulumi's runners. Engine tests prove that
// real programs and policy packs run under the real engine.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import { LanguageRuntimeClient, LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { LanguageHost } from "../../plugins/language/host";
import { waitFor } from "../../processes/wait";
import { ask, connect, folderWith } from "./kit";

const REPOSITORY = path.resolve(__dirname, "../../..");

/** Script of a runner. It records how it was started, and then runs the code `then`. */
const runner = (then: string) =>
    `require("fs").writeFileSync("seen.json", JSON.stringify({
        args: process.argv.slice(2), cwd: process.cwd(), pid: process.pid, execArgv: process.execArgv,
        env: Object.fromEntries(Object.entries(process.env).filter(([name]) => /^PULUMI_/.test(name))),
    }));
    ${then}`;

describe("language host", () => {
    let host: LanguageHost;
    let client: LanguageRuntimeClient;
    let close: () => void;
    let clean: (() => void)[];

    beforeEach(async () => {
        clean = [];
        host = new LanguageHost("127.0.0.1:1");
        ({ client, close } = await connect(LanguageRuntimeService, host.service(), LanguageRuntimeClient));
    });
    afterEach(() => {
        host.children.kill();
        close();
        for (const step of clean) step();
    });

    function program(files: Record<string, string>): string {
        const { folder, remove } = folderWith({ "package.json": "{}", ...files });
        clean.push(remove);
        return folder;
    }

    const info = (folder: string, options: Record<string, string | boolean> = {}) =>
        new language.ProgramInfo()
            .setRootDirectory(folder)
            .setProgramDirectory(folder)
            .setEntryPoint(".")
            .setOptions(Struct.fromJavaScript(options));

    function runRequest(folder: string, options: Record<string, string | boolean> = {}): language.RunRequest {
        const request = new language.RunRequest()
            .setProject("proj")
            .setStack("dev")
            .setOrganization("org")
            .setPwd(folder)
            .setParallel(4)
            .setMonitorAddress("127.0.0.1:2")
            .setDryrun(true)
            .setConfigsecretkeysList(["proj:password"])
            .setInfo(info(folder, options));
        request.getConfigMap().set("proj:password", "hunter2");
        return request;
    }

    const run = (request: language.RunRequest) => ask(client, client.run, request);
    const seenIn = (folder: string) => JSON.parse(fs.readFileSync(path.join(folder, "seen.json"), "utf8"));
    const RUN = "node_modules/@pulumi/pulumi/cmd/run/index.js";

    it("starts a program with the stack's names, and with its configuration only in the environment", async () => {
        const folder = program({ [RUN]: runner("") });
        const response = await run(runRequest(folder));
        assert.equal(response.getError(), "");
        assert.equal(response.getBail(), false);
        const seen = seenIn(folder);
        assert.deepEqual(seen.args, [
            ...["--monitor=127.0.0.1:2", "--engine=127.0.0.1:1", "--organization=org", "--project=proj"],
            ...[`--root-directory=${folder}`, "--stack=dev", `--pwd=${folder}`, "--parallel=4", "--dry-run", "."],
        ]);
        assert.equal(seen.cwd, folder);
        assert.deepEqual(JSON.parse(seen.env.PULUMI_CONFIG), { "proj:password": "hunter2" });
        assert.deepEqual(JSON.parse(seen.env.PULUMI_CONFIG_SECRET_KEYS), ["proj:password"]);
        assert.equal(seen.env.PULUMI_NODEJS_TYPESCRIPT, "true");
        assert.ok(
            !JSON.stringify([seen.args, seen.execArgv]).includes("hunter2"),
            "other users can read command lines",
        );
    });

    describe("plugins", () => {
        /** A policy pack that answers with its folder and the name of the stack. */
        const PACK = `
            const grpc = require(${JSON.stringify(require.resolve("@grpc/grpc-js"))});
            const sdk = ${JSON.stringify(path.join(REPOSITORY, "node_modules/@pulumi/pulumi/proto/"))};
            const { AnalyzerService } = require(sdk + "analyzer_grpc_pb.js");
            const { AnalyzerInfo } = require(sdk + "analyzer_pb.js");
            const server = new grpc.Server();
            server.addService(AnalyzerService, {
                getAnalyzerInfo(call, answer) {
                    const info = new AnalyzerInfo();
                    info.setName(process.env.PULUMI_NODEJS_STACK + " " + process.env.PULUMI_CONFIG);
                    info.setDisplayname(process.cwd() + " " + process.argv.slice(2).join(" "));
                    answer(null, info);
                },
            });
            server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
                console.log(port);
                console.log("ready");
            });`;

        function pluginRequest(folder: string, kind: string): language.RunPluginRequest {
            return new language.RunPluginRequest()
                .setPwd("/")
                .setKind(kind)
                .setArgsList(["127.0.0.1:9"])
                .setEnvList([`PATH=${process.env.PATH}`, "GREETING=a=b"])
                .setInfo(info(folder));
        }

        /** Collects the output of a plugin while it runs. */
        function collect(stream: grpc.ClientReadableStream<language.RunPluginResponse>) {
            const got = { stdout: "", stderr: "", code: undefined as number | undefined, error: "" };
            stream.on("data", (message: language.RunPluginResponse) => {
                got.stdout += Buffer.from(message.getStdout_asU8()).toString();
                got.stderr += Buffer.from(message.getStderr_asU8()).toString();
                if (message.hasExitcode()) got.code = message.getExitcode();
            });
            stream.on("error", (error: grpc.ServiceError) => (got.error = error.details));
            return got;
        }

        it("runs a policy pack in its folder, with the stack's configuration from the start", async () => {
            const folder = program({ "node_modules/@pulumi/pulumi/cmd/run-policy-pack/index.js": PACK });
            const stream = client.runPlugin(pluginRequest(folder, "analyzer"));
            const got = collect(stream);
            const port = await waitFor("the port", () => /^(\d+)\n/.exec(got.stdout)?.[1], { seconds: 25 });
            const pack = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
            clean.push(() => pack.close());
            await ask(pack, pack.handshake, new analyzer.AnalyzerHandshakeRequest());
            const configuration = new analyzer.AnalyzerStackConfigureRequest().setStack("dev").setProject("proj");
            configuration.getConfigMap().set("proj:a", "1");
            await ask(pack, pack.configureStack, configuration);
            const answer = await ask(pack, pack.getAnalyzerInfo, new Empty());
            assert.equal(answer.getName(), `dev {"proj:a":"1"}`);
            assert.equal(answer.getDisplayname(), `${folder} 127.0.0.1:9 ${folder}`);
            await waitFor("its output", () => got.stdout.endsWith("\nready\n") || undefined, { seconds: 25 });
            host.children.stop();
            await waitFor("its end", () => got.code, { seconds: 25 });
        });
    });
});
