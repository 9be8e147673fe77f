/**
 * Proves on a real Prometheus, with series like the gateway's, that every panel of the dashboards has data, and that the
 * expression of every alert is true when it should be and false without problems. Needs prometheus and promtool on PATH:
 * `npm run check` says at its end when they are missing.
 */
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { DASHBOARDS } from "../../../observability/dashboards";
import { startPrometheus, type Prometheus } from "../../../sandbox/prometheus/server";
import { waitFor } from "../../../sandbox/processes";
import { findOnPath } from "../../../sandbox/toolchain/path";
import { ROOT } from "../../side-by-side";
import { panelsOf, substituted } from "./dashboards";
import { BATCH, endsAt, LAB, openMetrics, SENT, STACK, type Phase } from "./history";

const RULES = readFileSync(join(ROOT, "docs/examples/prometheus/alpa-auth.rules.yml"), "utf8");
const ALERTS = (parse(RULES) as { groups: { rules: { alert?: string; expr: string }[] }[] }).groups
    .flatMap(({ rules }) => rules)
    .filter(({ alert }) => alert !== undefined);
/** The phase in which an alert's expression is true. @default the hour of problems */
const WHEN: Record<string, Phase> = {
    AlpaAuthNoAnswers: "unanswered",
    AlpaAuthNoConnector: "unanswered",
    AlpaAuthGatewayDown: "gone",
};
/** Pods that count requests in the hour of problems. */
const PODS = 2;

interface Sample {
    metric: Record<string, string>;
    value: [number, string];
}

const promtool = findOnPath("promtool");
if (promtool !== undefined && findOnPath("prometheus") !== undefined)
    describe("queries on a real Prometheus", function () {
        const now = Math.floor(Date.now() / 60_000) * 60;
        const ends = endsAt(now);
        let folder: string;
        let server: Prometheus;
        const start = () => {
            const rules = [join(folder, "alpa-auth.rules.yml")];
            return startPrometheus({ folder, rules, stateDir: folder });
        };

        before(async function () {
            folder = mkdtempSync(join(tmpdir(), "alpa-auth-queries-"));
            const own = { cwd: folder, stdio: "pipe" } as const;
            const rules = RULES.replace(/(gateway_pods:expected\n +expr: vector)\(1\)/, "$1(3)");
            assert.notEqual(rules, RULES);
            writeFileSync(join(folder, "history.txt"), openMetrics(now));
            execFileSync(promtool, ["tsdb", "create-blocks-from", "openmetrics", "history.txt", "data"], own);
            // With this interval, Prometheus evaluates each rule for the first time within a second. With 1m, that
            // could take a minute.
            writeFileSync(join(folder, "alpa-auth.rules.yml"), rules.replace("interval: 1m", "interval: 1s"));
            server = await start();
            await evaluated();
            writeFileSync(join(folder, "backfill.rules.yml"), rules);
            // A rule may use the result of another rule, over up to three levels. Each evaluation records one level.
            for (let level = 0; level < 3; level++) {
                const range = [`--start=${ends.well - 3600}`, `--end=${now}`, `--url=${server.url}`];
                const output = ["--output-dir=data", "backfill.rules.yml"];
                execFileSync(promtool, ["tsdb", "create-blocks-from", "rules", ...range, ...output], own);
                await server.close();
                server = await start();
            }
        });
        after(async () => {
            await server?.close();
            rmSync(folder, { recursive: true, force: true });
        });

        const get = async (path: string, query: Record<string, string>): Promise<any> => {
            const answer = await fetch(`${server.url}/api/v1/${path}?${new URLSearchParams(query)}`);
            const body: any = await answer.json();
            assert.equal(body.status, "success", `${JSON.stringify(query)}: ${body.error}`);
            return body.data;
        };
        const ask = async (query: string, phase: Phase): Promise<Sample[]> =>
            (await get("query", { query, time: String(ends[phase]) })).result;
        const evaluated = () =>
            waitFor(
                "the evaluation of every rule",
                async () => {
                    const { groups } = await get("rules", {});
                    const rules: any[] = groups.flatMap((group: any) => group.rules);
                    const bad = rules.filter(({ health }) => health === "err");
                    assert.deepEqual(bad, []);
                    return rules.length > ALERTS.length && rules.every(({ health }) => health === "ok");
                },
                { seconds: 20 },
            );

        for (const { alert, expr } of ALERTS) {
            const phase = WHEN[alert!] ?? "trouble";
            it(`${alert} is true for its problem, and not without problems`, async () => {
                assert.ok((await ask(expr, phase)).length > 0, `is not true at the end of ${phase}`);
                assert.deepEqual(await ask(expr, "well"), []);
            });
        }

        for (const [name, build] of Object.entries(DASHBOARDS))
            for (const { title, queries } of panelsOf(build))
                it(`${name}: "${title}" shows numbers`, async () => {
                    for (const query of queries) {
                        const found = await ask(substituted(query, { stack: ".+", consumer: LAB }), "trouble");
                        assert.ok(found.length > 0, `${query} finds nothing`);
                        for (const { value } of found) assert.ok(Number.isFinite(Number(value[1])), query);
                    }
                });

        it("panels match the sent requests, by status class and by caller", async () => {
            const perMinute = (...wanted: ((consumer: string, status: number) => boolean)[]) =>
                wanted.map((is) =>
                    SENT.trouble.reduce((sum, [n, consumer, status]) => sum + (is(consumer, status) ? n * PODS : 0), 0),
                );
            const panels = panelsOf(DASHBOARDS["alpa-auth-operators"]);
            const shown = async (title: string) => {
                const { queries } = panels.find((panel) => panel.title === title)!;
                const found = await Promise.all(
                    queries.map((query) => ask(substituted(query, { stack: STACK, consumer: LAB }), "trouble")),
                );
                return found
                    .flat()
                    .map(({ metric, value }): [string, number] => [
                        metric.consumer ?? "",
                        Math.round(Number(value[1]) * 1000) / 1000,
                    ]);
            };
            const classes = perMinute(
                (_, status) => status < 300,
                (_, status) => status >= 400 && status < 500 && status !== 429 && status !== 499,
                (_, status) => status === 429,
                (_, status) => status === 499,
                (_, status) => status >= 500,
            );
            assert.deepEqual(
                (await shown("Requests by status class")).map(([, value]) => value),
                classes,
            );
            const [lab, batch] = perMinute(
                (consumer) => consumer === LAB,
                (consumer) => consumer === BATCH,
            );
            assert.deepEqual((await shown("Requests by caller")).sort(), [
                [BATCH, batch],
                [LAB, lab],
            ]);
        });

        it("variables list the existing stacks and callers", async () => {
            const match = `apisix_http_status{route=~"${STACK}_alpa.*", consumer!=""}`;
            assert.deepEqual(await get("label/consumer/values", { "match[]": match }), [BATCH, LAB]);
            assert.deepEqual(await get("label/route/values", { "match[]": match }), [`${STACK}_alpa_completions`]);
        });
    });
