// Proves that the sandbox's real Prometheus counts exactly the requests that were sent, by caller and status, that
// `consumer usage` has the same figures, and that the alerts are loaded. Needs prometheus on PATH. `npm run check`
// reports a missing prometheus.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chartMetrics, METRICS_ATTRIBUTES, metricsMetadata } from "../../../components/apisix/observability";
import { readPeriod, readPrometheus } from "../../../ops/consumer/usage/prometheus";
import { usageRows } from "../../../ops/consumer/usage/rows";
import { startObserver } from "../../prometheus/observer";
import type { Prometheus } from "../../prometheus/server";
import { waitFor } from "../../processes";
import { findOnPath } from "../../toolchain/path";
import { Kit } from "../gateway/kit";

const PODS = ["apisix-a", "apisix-b"];
/** Requests to each pod. Before these, the test sends a request of each kind, so that Prometheus has the series. */
const SENT: [caller: string, status: number, times: number][] = [
    ["lab", 200, 3],
    ["nlp", 429, 2],
];
/** Limit of caller nlp; caller lab has none. */
const LIMIT = { count: 1, time_window: 3600, key: "consumer_name", rejected_code: 429 };

if (findOnPath("prometheus") !== undefined)
    describe("figures of the sandbox's Prometheus", () => {
        const folder = mkdtempSync(join(tmpdir(), "alpa-auth-figures-"));
        const kits: Kit[] = [];
        let prometheus: Prometheus;

        before(async () => {
            for (const _ of PODS) {
                const kit = await Kit.start({
                    metrics: { port: 0, buckets: METRICS_ATTRIBUTES.default_buckets, refreshSeconds: 0 },
                });
                kits.push(kit);
                await kit.put("/plugin_metadata/prometheus", metricsMetadata({}).prometheus);
                await kit.put("/services/s", { name: "team-a_alpa_0", upstream: kit.target });
                await kit.put("/routes/completions", {
                    ...{ name: "team-a_alpa_completions", uri: "/alpa/completions", service_id: "s" },
                    plugins: { "key-auth": {}, prometheus: { prefer_name: true } },
                });
                for (const name of ["lab", "nlp"]) {
                    const plugins = name === "nlp" ? { "limit-count": LIMIT } : {};
                    await kit.put(`/consumers/team-a_${name}`, { username: `team-a_${name}`, plugins });
                    const key = { plugins: { "key-auth": { key: `key-of-${name}` } } };
                    await kit.put(`/consumers/team-a_${name}/credentials/k1`, key);
                }
            }
            const { podAnnotations: annotations } = chartMetrics({ scrapers: [], podMonitor: false });
            prometheus = await startObserver({
                pods: async () =>
                    PODS.map((name) => ({ metadata: { name, namespace: "team-a-gateway", annotations } })),
                podPort: (_, name) => kits[PODS.indexOf(name)].gateway.metricsPort,
                stateDir: folder,
                intervalSeconds: 1,
                log: () => undefined,
            });
        });
        after(async () => {
            await prometheus?.close();
            await Promise.all(kits.map((kit) => kit.stop()));
            rmSync(folder, { recursive: true });
        });

        const ask = async (kit: Kit, caller: string) => {
            const headers = { "Content-Type": "application/json", apikey: `key-of-${caller}` };
            return (await kit.send("/alpa/completions", headers)).status;
        };
        async function send(times?: number): Promise<void> {
            for (const kit of kits)
                for (const [caller, status, own] of SENT)
                    for (let i = 0; i < (times ?? own); i++) assert.equal(await ask(kit, caller), status);
        }
        const api = async (path: string): Promise<any> =>
            ((await (await fetch(`${prometheus.url}/api/v1/${path}`)).json()) as { data: any }).data;
        /** Number of requests so far, of all pods. */
        async function counted(): Promise<Record<string, number>> {
            const query = 'sum by (consumer, code) (apisix_http_status{route=~"team-a_alpa.*"})';
            const { result } = await api(`query?${new URLSearchParams({ query })}`);
            return Object.fromEntries(
                result.map(({ metric: { consumer, code }, value }: any) => [`${consumer} ${code}`, Number(value[1])]),
            );
        }
        const shows = (wanted: (times: number) => number) =>
            waitFor(
                "the figures of all requests",
                async () => {
                    const found = await counted();
                    return SENT.every(
                        ([caller, status, times]) => found[`team-a_${caller} ${status}`] === wanted(times),
                    );
                },
                { seconds: 60, hint: async () => JSON.stringify(await counted()) },
            );

        it("match the requests of two callers to two pods, by status, as do the figures of consumer usage", async () => {
            for (const kit of kits) assert.equal(await ask(kit, "nlp"), 200);
            await send(1);
            await shows(() => PODS.length);
            await send();
            await shows((times) => PODS.length * (times + 1));
            let rows: unknown;
            await waitFor(
                "the same figures of consumer usage",
                async () => {
                    const asked = { namespace: "team-a", period: readPeriod("1h", new Date())!, tokens: false };
                    const found = await readPrometheus(prometheus.url, asked, () => undefined);
                    const callers = ["lab", "nlp"].map((name) => ({ name, credentials: [] }));
                    rows = usageRows(found, callers as never, "team-a").map(({ caller, requests, successes }) => [
                        ...[caller, requests, successes],
                    ]);
                    return JSON.stringify(rows) === '[["lab",6,6],["nlp",4,0]]';
                },
                // Prometheus extrapolates, with an error that becomes smaller with every scrape.
                { seconds: 90, everyMilliseconds: 500, hint: () => JSON.stringify(rows) },
            );
        });

        it("come with every alert evaluated, and no alert that pods are down", async () => {
            let rules: any[] = [];
            const isAway = ({ name }: any) => /GatewayDown|GatewayPodLost|ChangesNotReceived/.test(name);
            const away = () => rules.flatMap((rule) => (isAway(rule) ? [rule.state] : [])).join(" ");
            await waitFor(
                "the evaluation of every rule, with all pods",
                async () => {
                    const { groups } = await api("rules");
                    rules = groups.flatMap((group: any) => group.rules);
                    // On a busy machine a scrape can end too late, and then an alert is pending until the next one.
                    return rules.every(({ health }) => health === "ok") && away() === "inactive inactive inactive";
                },
                { seconds: 90, hint: away },
            );
        });
    });
