import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import * as http from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { askApi, openApiServer } from "../../../../components/kubernetes/api-server";
import { openLister, openReader } from "../../../../components/kubernetes/cluster-reader";
import { serve } from "../../kit/http";

const ROOT = join(__dirname, "../../../..");
const TOKEN = "s3cret-token";

describe("requests to the API server", () => {
    let address: string;
    let seen: { url?: string; method?: string; headers: http.IncomingHttpHeaders; socket: Socket }[];
    let answer: (response: http.ServerResponse) => void;

    beforeEach(async () => {
        seen = [];
        answer = (response) => response.end('{"kind":"Answer"}');
        address = await serve(({ url, method, headers, socket }, response) => {
            seen.push({ url, method, headers, socket });
            answer(response);
        });
    });

    function kubeconfig(user: object = { token: TOKEN }, cluster: object = {}): string {
        const reached = { server: `${address}/`, "insecure-skip-tls-verify": true, ...cluster };
        return JSON.stringify({
            clusters: [{ name: "c", cluster: reached }],
            users: [{ name: "u", user }],
            contexts: [{ name: "one", context: { cluster: "c", user: "u" } }],
            "current-context": "one",
        });
    }

    it("go to the cluster of the context, with the user's token", async () => {
        const api = openApiServer({ kubeconfig: kubeconfig() });
        assert.equal(api.server, address);
        assert.deepEqual(await askApi(api, "/version"), { kind: "Answer" });
        assert.equal(seen[0].url, "/version");
        assert.equal(seen[0].headers.authorization, `Bearer ${TOKEN}`);
    });

    it("read the kinds of a version once, for a reader and a lister of the same server", async () => {
        const api = openApiServer({ kubeconfig: kubeconfig() });
        const resources = [{ kind: "Node", name: "nodes", namespaced: false }];
        answer = (response) => response.end(JSON.stringify({ resources, items: [] }));
        await openReader({}, api)({ apiVersion: "v1", kind: "Node", name: "a" });
        await openLister({}, api)("v1", "Node");
        assert.deepEqual(
            seen.map(({ url }) => url),
            ["/api/v1", "/api/v1/nodes/a", "/api/v1/nodes"],
        );
    });

    it("support a credential plugin", async () => {
        const credential = {
            apiVersion: "client.authentication.k8s.io/v1",
            kind: "ExecCredential",
            status: { token: "of-the-helper" },
        };
        const exec = {
            apiVersion: credential.apiVersion,
            command: process.execPath,
            args: ["-e", `console.log(${JSON.stringify(JSON.stringify(credential))})`],
        };
        await askApi(openApiServer({ kubeconfig: kubeconfig({ exec }) }), "/version");
        assert.equal(seen[0].headers.authorization, "Bearer of-the-helper");
    });

    it("share a connection", async () => {
        const api = openApiServer({ kubeconfig: kubeconfig() });
        for (const path of ["/a", "/b", "/c"]) await askApi(api, path);
        assert.equal(new Set(seen.map(({ socket }) => socket)).size, 1);
    });

    it("are sent again when the server closes a kept connection", async () => {
        const api = openApiServer({ kubeconfig: kubeconfig() });
        await askApi(api, "/a");
        answer = (response) => {
            answer = (next) => next.end('{"kind":"Second"}');
            (response.socket as Socket).resetAndDestroy();
        };
        assert.deepEqual(await askApi(api, "/b"), { kind: "Second" });
    });

    it("fail with status and body, or with the code of the network error", async () => {
        const api = openApiServer({ kubeconfig: kubeconfig() });
        answer = (response) => response.writeHead(403).end('{"message":"no"}');
        await assert.rejects(askApi(api, "/a"), { code: 403, body: '{"message":"no"}' });
        answer = (response) => (response.socket as Socket).resetAndDestroy();
        await assert.rejects(askApi(api, "/b"), { code: "ECONNRESET" });
    });

    it("go over plain HTTP only where the kubeconfig asks for no verification", async () => {
        const checked = kubeconfig({ token: TOKEN }, { "insecure-skip-tls-verify": false });
        await assert.rejects(async () => askApi(openApiServer({ kubeconfig: checked }), "/a"), /HTTP protocol/);
        assert.deepEqual(seen, []);
    });

    it("load no Kubernetes client for a token or certificates", async () => {
        const script = `
            const Module = require("node:module");
            const load = Module._load;
            Module._load = function (name, ...rest) {
                if (name.startsWith("@kubernetes/")) throw new Error(name + " was loaded");
                return load.call(this, name, ...rest);
            };
            const { askApi, openApiServer } = require("./components/kubernetes/api-server");
            const api = openApiServer({ kubeconfig: process.env.ASKED });
            askApi(api, "/version").then(({ kind }) => console.log(kind));`;
        const env = { ...process.env, ASKED: kubeconfig() };
        const args = ["--require=tsx/cjs", "-e", script];
        const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env });
        assert.equal(stdout, "Answer\n");
    });
});
