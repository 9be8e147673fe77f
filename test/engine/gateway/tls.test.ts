// Proves on the real engine and API server that the gateway serves TLS with the certificate of the config. The gateway is an
// emulator that was written from APISIX's sources, so this does not prove how the real APISIX serves TLS.
import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { request as plainRequest, type IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import { parse } from "yaml";
import { SAMPLE_COMPLETION } from "../../../components/alpa/sample";
import { certificate, type Pair } from "../../certificates";
import { current, eventually, freeNodePort, succeeded, takeAlpaRequests, TestStack, useWorld } from "../kit";
import { under } from "../kit/traffic";

const NAME = "llm.example.com";
const consumers = [{ name: "alice", credentials: [{ id: "k1", method: "key" }] }];

describe("TLS at the gateway", () => {
    useWorld();
    let stack: TestStack;
    let tlsPort: number;
    let apikey: string;
    let authority: Pair, first: Pair, second: Pair;

    /** Configures a certificate and sets its key as an encrypted secret in the stack file. */
    const configure = async ({ certificate: pem, key }: Pair) => {
        const settings = (certificate: object) => ({
            consumers,
            gateway: { address: undefined },
            tls: { hostnames: [NAME], ...certificate, nodePort: tlsPort },
        });
        stack.configure(settings({ certificate: pem }));
        await stack.configureSecret("tls.key", key);
        const file = join(current().world.facts.stackFiles, `Pulumi.${stack.name}.yaml`);
        const sealed = parse(readFileSync(file, "utf8")).config["alpa-auth:tls"].key;
        assert.ok(typeof sealed.secure === "string");
        stack.configure(settings({ certificate: pem, key: sealed }));
    };
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
        stack = await TestStack.create("tls");
        await configure(first);
    });
    after(async () => {
        await stack.destroy();
    });

    it("accepts a caller with a key, rejects others, and outputs its address", async () => {
        succeeded(await stack.upAsPlanned());
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
    it("changes nothing in a second run, and shows its key in no preview and no state", async () => {
        const preview = succeeded(await stack.preview("--expect-no-changes", "--diff"));
        const { stdout: state } = succeeded(await stack.run(["stack", "export"]));
        const lines = first.key.split("\n").filter((line) => line.length > 30);
        assert.ok(lines.length > 0);
        for (const text of [preview.stdout, preview.stderr, state])
            for (const line of ["PRIVATE KEY", ...lines]) assert.ok(!text.includes(line));
    });
    it("changes the certificate without a failed request or a new pod", async () => {
        const pods = async () => {
            const namespace = `${stack.name}-gateway-apisix`;
            const deployment = await current().world.read("apps/v1", "Deployment", namespace, "apisix");
            return (deployment as { status?: { observedGeneration?: number } }).status?.observedGeneration;
        };
        const [before, old] = [await pods(), await shown()];
        await configure(second);
        const { done, failed } = await under(
            () => call({ apikey }),
            async () => {
                const preview = await stack.preview("--diff");
                const up = succeeded(await stack.up());
                await eventually("the new certificate", async () => ((await shown()) === old ? undefined : true));
                return { preview, up };
            },
        );
        const { preview, up } = done;
        assert.deepEqual(failed, []);
        assert.ok(![preview, up].some(({ stdout }) => stdout.includes("PRIVATE KEY")));
        assert.doesNotMatch(preview.stdout, /RampartGraph|ApisixRoute/);
        assert.equal(await pods(), before);
    });
    it("leaves nothing behind", async () => {
        succeeded(await stack.destroy());
        assert.equal(await current().world.read("v1", "Namespace", undefined, stack.name), undefined);
    });
});
