// Proves that metrics and access log count exactly the sent requests, by caller and status. Neither contains a key,
// token, prompt or answer. The gateway is the emulator or, with ALPA_AUTH_REAL, the real one.
import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { CoreV1Api } from "@kubernetes/client-node";
import { claimKey } from "../../../components/consumers/consumer";
import { METRICS_PATH } from "../../../components/apisix/observability";
import { call, current, eventually, succeeded, TestStack, useWorld } from "../kit";
import { hs256, now } from "../kit/tokens";

const NAME = "observed";
const GATEWAY = `${NAME}-gateway-apisix`;
const PROMPT = "a-prompt-that-stays-secret";
const WRONG_KEY = "a-key-that-was-made-up";
const consumers = [
    {
        name: "alice",
        credentials: [
            { id: "k1", method: "key" },
            { id: "hs", method: "jwt", algorithm: "HS256" },
        ],
    },
    { name: "bob", limits: { requests: 2, perSeconds: 3600 }, credentials: [{ id: "k1", method: "key" }] },
];
const observability = {
    accessLog: true,
    metrics: {
        scrapers: [{ namespace: "monitoring", podLabels: { "app.kubernetes.io/name": "prometheus" } }],
    },
};

/** A sent request: its consumer, credential, route and status, and why it was rejected. */
type Seen = [consumer: string, credential: string, route: string, status: number, reason: string];

describe("metrics and the access log", () => {
    useWorld();
    let stack: TestStack;
    let pod: string;
    /** Time of the first request. */
    let since: Date;
    const secrets: string[] = [PROMPT, WRONG_KEY];
    const sent: Seen[] = [];
    const credential = (consumer: string, id: string) =>
        createHash("sha1").update(`${NAME}_${consumer}.${id}`).digest("hex");

    before(async () => {
        stack = await TestStack.create(NAME, { consumers, observability });
        succeeded(await stack.up());
        const core = current().world.kubeConfig.makeApiClient(CoreV1Api);
        const labelSelector = "app.kubernetes.io/name=apisix";
        const [only] = (await core.listNamespacedPod({ namespace: GATEWAY, labelSelector })).items;
        pod = only.metadata!.name!;
        // The `up` has sent requests too, to verify every rule. The log has times in whole seconds, so the test sends
        // its own requests from the next second on.
        since = new Date(Math.ceil((Date.now() + 1) / 1000) * 1000);
        await eventually("the next second", async () => Date.now() >= since.getTime() || undefined);
        await send();
    });
    async function send(): Promise<void> {
        const { url, credentials, jwtSecrets } = await stack.outputs();
        const token = hs256({ key: claimKey(NAME, "alice", "hs"), exp: now() + 600 }, jwtSecrets["alice/hs"]);
        secrets.push(token, ...Object.values(credentials), ...Object.values(jwtSecrets));
        const body = { model: "default", prompt: PROMPT, max_tokens: 4 };
        const ask = async (options: Parameters<typeof call>[1], ...seen: Seen) => {
            const answer = await call(url, { body, ...options });
            assert.equal(answer.status, seen[3], answer.body);
            sent.push(seen);
        };
        const alice = { key: credentials["alice/k1"] };
        const bob = { key: credentials["bob/k1"] };
        const [k1, hs] = [credential("alice", "k1"), credential("alice", "hs")];
        await ask(alice, "alice", k1, "completions", 200, "");
        await ask({ headers: { Authorization: `Bearer ${token}` } }, "alice", hs, "completions", 200, "");
        await ask(
            { ...alice, path: "/logprobs", body: { prompt: PROMPT, top_k: 5 } },
            "alice",
            k1,
            "logprobs",
            200,
            "",
        );
        await ask({ ...alice, body: { ...body, n: 2 } }, "alice", k1, "completions", 400, "request-not-accepted");
        for (let i = 0; i < 2; i++) await ask(bob, "bob", credential("bob", "k1"), "completions", 200, "");
        await ask(bob, "bob", credential("bob", "k1"), "completions", 429, "too-many-requests");
        const spoofed = { "X-Consumer-Username": "alice", "X-Request-Id": WRONG_KEY };
        await ask({ key: WRONG_KEY, headers: spoofed }, "", "", "completions", 401, "not-authenticated");
        await ask(
            { path: `/completions?apikey=${credentials["alice/k1"]}` },
            "",
            "",
            "completions",
            401,
            "not-authenticated",
        );
        await ask({ ...alice, path: `/${credentials["alice/k1"]}` }, "", "", "other", 404, "no-such-path");
    }

    const metrics = async () => {
        const port = current().world.workloads.podPort(GATEWAY, pod, 9091);
        const answer = await fetch(`http://127.0.0.1:${port}${METRICS_PATH}`);
        assert.equal(answer.status, 200);
        return answer.text();
    };
    const lines = () =>
        (current().world.workloads.output(GATEWAY, pod) ?? "")
            .split("\n")
            .filter((line) => line.startsWith('{"time"'))
            .map((line) => JSON.parse(line) as Record<string, unknown>);

    it("count each caller's requests, by route and status", async () => {
        const wanted = new Map<string, number>();
        for (const [consumer, , route, status] of sent) {
            const key = `${NAME}_${consumer} ${NAME}_alpa_${route} ${status}`;
            if (consumer !== "") wanted.set(key, (wanted.get(key) ?? 0) + 1);
        }
        let found = new Map<string, number>();
        const said = () => `figures ${JSON.stringify([...wanted].sort())}, not ${JSON.stringify([...found].sort())}`;
        await eventually(said, async () => {
            found = new Map<string, number>();
            for (const [, labels, value] of (await metrics()).matchAll(/^apisix_http_status\{(.*)\} (\d+)$/gm)) {
                const of = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)![1];
                const key = `${of("consumer")} ${of("route")} ${of("code")}`;
                // `up` sends each pod a request with a query string and each caller's key.
                if (of("consumer") === "" || of("route") === `${NAME}_alpa_query-string`) continue;
                found.set(key, (found.get(key) ?? 0) + Number(value));
            }
            return JSON.stringify([...found].sort()) === JSON.stringify([...wanted].sort()) || undefined;
        });
    });

    it("count requests without a credential under no caller, whatever names the headers claim", async () => {
        const refused = (await metrics()).match(/^apisix_http_status\{code="401".*\} \d+$/gm) ?? [];
        assert.ok(refused.length > 0);
        for (const line of refused) assert.match(line, /consumer=""/);
    });

    it("have one line for each request, with its caller and credential, and why it was rejected", async () => {
        // Each nginx worker writes its own lines, at most 3 s later.
        const own = await eventually("all lines", async () => {
            const found = lines().filter(({ time }) => Date.parse(String(time)) >= since.getTime());
            return found.length >= sent.length ? found : undefined;
        });
        const sorted = (list: unknown[][]) => list.map((one) => JSON.stringify(one)).sort();
        assert.deepEqual(
            sorted(own.map((line) => [line.consumer, line.credential, line.route, line.status, line.reason])),
            sorted(sent.map(([consumer, ...rest]) => [consumer === "" ? "" : `${NAME}_${consumer}`, ...rest])),
        );
        for (const line of own) {
            assert.ok(Number(line.bytes_sent) > 0 && Number(line.bytes_received) > 0, JSON.stringify(line));
            assert.equal(line.upstream_time !== "", line.status === 200, "Alpa's time, where Alpa got the request");
        }
    });

    it("contain no key, token, prompt or answer", async () => {
        const text = `${await metrics()}${current().world.workloads.output(GATEWAY, pod)}`;
        assert.match(text, new RegExp(`${NAME}_alice`));
        for (const secret of [...secrets, "text_completion"])
            assert.ok(!text.includes(secret), `${secret.slice(0, 4)}… is in the metrics or in the log`);
    });

    it("leave a second run without changes, and the metrics port open to scrapers", async () => {
        const policy = await current().world.read("networking.k8s.io/v1", "NetworkPolicy", GATEWAY, "alpa-auth-apisix");
        assert.deepEqual((policy!.spec as { ingress: object[] }).ingress.at(-1), {
            ports: [{ protocol: "TCP", port: 9091 }],
            from: [
                {
                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } },
                    podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
                },
            ],
        });
        succeeded(await stack.preview("--expect-no-changes"));
    });
});
