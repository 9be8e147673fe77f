// Proves on the real engine and API server that the gateway serves TLS with the certificate of the config, and that no secret
// of a stack is in a place that operators, reviewers or other users of the machine can read. The gateway is an emulator that
// was written from APISIX's sources, so this does not prove how the real APISIX serves TLS.
import { strict as assert } from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request } from "node:https";
import { connect, type ConnectionOptions } from "node:tls";
import { parse, stringify } from "yaml";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { certificate, type Pair } from "../../certificates";
import { current, eventually, freeNodePort, succeeded, takeAlpaRequests, TestStack, useWorld } from "../kit";
import { ProcessLists } from "../kit/process-lists";
import { assertNoSecret } from "../kit/secrets";
import { under } from "../kit/traffic";

const NAME = "llm.example.com";
/** A key that a caller brought. It is so long that it occurs nowhere by accident. */
const BROUGHT = "brought-key-0123456789-abcdefghij-0123456789";
const consumers = [
    {
        name: "alice",
        credentials: [
            { id: "k1", method: "key" },
            { id: "t1", method: "jwt", algorithm: "HS256" },
            { id: "brought", method: "key" },
        ],
    },
];

describe("TLS at the gateway", () => {
    useWorld();
    let stack: TestStack;
    let tlsPort: number;
    let apikey: string;
    let processes: string;
    let authority: Pair, first: Pair, second: Pair;

    /** A completion requested by TLS, with a handshake of its own. */
    const call = (headers: Record<string, string> = {}): Promise<number> =>
        new Promise((resolve, reject) => {
            const sent = request(
                {
                    ...{ host: "127.0.0.1", port: tlsPort, servername: NAME, ca: authority.certificate, agent: false },
                    ...{ method: "POST", path: "/alpa/completions" },
                    headers: { Host: NAME, "Content-Type": "application/json", ...headers },
                },
                (answer) => answer.resume().on("end", () => resolve(answer.statusCode!)),
            );
            sent.on("error", reject).end(SAMPLE_COMPLETION);
        });
    const callPlain = (method: string, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
        new Promise((resolve, reject) => {
            const sent = plainRequest(
                {
                    ...{ host: "127.0.0.1", port: stack.nodePort, method, path: "/alpa/completions", agent: false },
                    headers: { Host: NAME, "Content-Type": "application/json", ...headers },
                },
                (answer) => answer.resume().on("end", () => resolve(answer)),
            );
            sent.on("error", reject).end(method === "POST" ? SAMPLE_COMPLETION : undefined);
        });
    /** Serial number of the served certificate, or the error code. */
    const shown = (options: ConnectionOptions = {}): Promise<string> =>
        new Promise((resolve) => {
            const at = { host: "127.0.0.1", port: tlsPort, servername: NAME, ca: authority.certificate };
            const socket = connect({ ...at, ...options });
            socket.on("secureConnect", () => {
                resolve(socket.getPeerCertificate().serialNumber);
                socket.destroy();
            });
            socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        });

    before(async () => {
        authority = await certificate([], { ca: true });
        [first, second] = await Promise.all([1, 2].map(() => certificate([NAME], { by: authority })));
        tlsPort = await freeNodePort();
        stack = await TestStack.create("tls", {
            consumers,
            gateway: { address: undefined },
            tls: { hostnames: [NAME], certificate: first.certificate, nodePort: tlsPort },
        });
        await stack.configureSecret("tls.key", first.key);
        await stack.configureSecret("consumers[0].credentials[2].key", BROUGHT);
        // A kubeconfig in the config is a secret too.
        await stack.configureSecret("cluster.kubeconfig", current().world.controlPlane.adminKubeConfig);
        const lists = new ProcessLists(200);
        succeeded(await stack.run(["up", "--yes", "--diff"]));
        processes = await lists.stop();
    });

    it("accepts a caller with a key, rejects others, and outputs its address", async () => {
        const { url, credentials } = await stack.outputs();
        assert.equal(url, `https://${NAME}:${tlsPort}/alpa`);
        apikey = credentials["alice/k1"];
        takeAlpaRequests();
        assert.equal(await call({ apikey }), 200);
        assert.equal(takeAlpaRequests().length, 1);
        assert.equal(await call(), 401);
        assert.deepEqual(takeAlpaRequests(), []);
    });
    it("redirects HTTP before authentication, and keeps the method of a POST", async () => {
        const location = `https://${NAME}:${tlsPort}/alpa/completions`;
        for (const [method, status, headers] of [
            ["POST", 308, { apikey }],
            ["POST", 308, {}],
            ["GET", 301, { "X-Forwarded-Proto": "https" }],
        ] as const) {
            const answer = await callPlain(method, headers as Record<string, string>);
            assert.deepEqual([answer.statusCode, answer.headers.location], [status, location]);
        }
        assert.deepEqual(takeAlpaRequests(), []);
        assert.equal((await callPlain("POST", { apikey, "CF-Ray": "8a1" })).statusCode, 200, "through a tunnel");
    });
    it("rejects TLS 1.1, and serves no certificate for another name or without a name", async () => {
        assert.match(await shown(), /^[0-9A-F]+$/);
        const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
        for (const options of [old, { servername: "other.example.com" }, { servername: "" }])
            assert.match(await shown(options), /^(ECONNRESET|ERR_SSL_.*)$/);
    });
    it("changes nothing in a second run after a refresh", async () => {
        await stack.must(["refresh", "--yes", "--skip-preview"]);
        succeeded(await stack.preview("--expect-no-changes", "--json", "--diff"));
    });
    it("changes the certificate without a failed request or a new pod", async () => {
        const pods = async () => {
            const namespace = `${stack.name}-gateway-apisix`;
            const deployment = await current().world.read("apps/v1", "Deployment", namespace, "apisix");
            return (deployment as { status?: { observedGeneration?: number } }).status?.observedGeneration;
        };
        const [before, old] = [await pods(), await shown()];
        const file = parse(readFileSync(stack.file, "utf8"));
        file.config["alpa-auth:tls"].certificate = second.certificate;
        writeFileSync(stack.file, stringify(file));
        await stack.configureSecret("tls.key", second.key);
        const { done, failed } = await under(
            () => call({ apikey }),
            async () => {
                const preview = succeeded(await stack.preview("--diff"));
                succeeded(await stack.up());
                await eventually("the new certificate", async () => ((await shown()) === old ? undefined : true));
                return preview.stdout;
            },
        );
        assert.deepEqual(failed, []);
        assert.doesNotMatch(done, /RampartGraph|ApisixRoute/);
        assert.equal(await pods(), before);
    });
    it("and secrets: none is in output, state, history, log or process list", async () => {
        assert.match(processes, /pulumi-resource-kubernetes/, "the list was taken while Pulumi ran");
        const { credentials, jwtSecrets } = await stack.outputs();
        const state = JSON.parse(await stack.must(["stack", "export", "--show-secrets"])) as State;
        const passwords = state.deployment.resources.filter(({ type }) => /RandomPassword$/.test(type));
        const generated = passwords.map(({ urn, outputs }) => [
            urn.split("::").pop()!,
            // With `--show-secrets`, Pulumi writes a secret as an object whose field `plaintext` is JSON.
            JSON.parse(outputs.result.plaintext) as string,
        ]);
        const { adminKubeConfig } = current().world.controlPlane;
        const [, clientKey] = /(?:client-key-data|token): ?"?([^"\s]+)/.exec(adminKubeConfig)!;
        const lines = [first, second].map(({ key }) => key.split("\n")[1]);
        const secrets: Record<string, string> = {
            ...(Object.fromEntries(generated) as Record<string, string>),
            ...credentials,
            ...jwtSecrets,
            ...{
                "first key of TLS": lines[0],
                "second key of TLS": lines[1],
                "client key of the kubeconfig": clientKey,
            },
        };
        assert.deepEqual(Object.keys(secrets).sort(), [
            ...["alice/brought", "alice/k1", "alice/t1", "alpa-admin-keys-seed", "alpa-etcd-seed"],
            ...["client key of the kubeconfig", "first key of TLS", "second key of TLS", "seed"],
        ]);
        assert.equal(secrets["alice/brought"], BROUGHT);
        await assertNoSecret(stack, secrets, { dir: current().dir, processes });
    });
});

interface State {
    deployment: { resources: { urn: string; type: string; outputs: { result: { plaintext: string } } }[] };
}
