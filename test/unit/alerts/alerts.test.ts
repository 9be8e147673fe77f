/**
 * Proves that the alerts for Prometheus use existing metrics and labels of the gateway and say what to do. Proves with
 * promtool that each alert fires only when it should. If promtool is not on PATH, `npm run check` says so at its end.
 */
import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parse } from "yaml";
import { findOnPath } from "../../../sandbox/toolchain/path";
import { ROOT } from "../../side-by-side";
import { anchors, documented, METRIC, PAGE, read } from "../observability/watch-page";

const RULE_FILE = "docs/examples/prometheus/alpa-auth.rules.yml";
/** Values of the rule file's settings, for the tests that change them. */
const SETTINGS: Record<string, Record<string, string>> = {
    "settings.rules-test.yml": {
        "alpa_auth:objective:ratio": "0.9",
        "alpa_auth:gateway_pods:expected": "3",
        "alpa_auth:connectors:expected": "3",
        "alpa_auth:latency:maximum_milliseconds": "60000",
        "alpa_auth:unauthenticated:maximum": "1000",
    },
    "cloudflare.rules-test.yml": { "alpa_auth:gateway_pods:expected": "0" },
};

interface Rule {
    record?: string;
    alert?: string;
    expr: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
}

interface Made {
    apiVersion: string;
    kind: string;
    spec: unknown;
}

interface RuleTests {
    tests: { name: string; promql_expr_test: { expr: string; exp_samples?: { labels: string }[] }[] }[];
}

const { groups } = parse(read(RULE_FILE)) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const ruleTests = readdirSync(__dirname).filter((file) => file.endsWith(".rules-test.yml"));
const cases = ruleTests.flatMap((file) =>
    (parse(readFileSync(join(__dirname, file), "utf8")) as RuleTests).tests.flatMap((test) => test.promql_expr_test),
);

describe("alerts for Prometheus", () => {
    for (const { alert, labels, annotations = {} } of alerts) {
        it(`${alert} has its urgency, its meaning and a link to a page`, () => {
            assert.match(alert!, /^AlpaAuth[A-Z]/);
            assert.match(labels!.severity, /^(critical|warning|info)$/);
            assert.deepEqual(Object.keys(annotations), ["summary", "description", "runbook_url"]);
            assert.ok(!annotations.summary.endsWith(".") && annotations.description.endsWith("."));
            const [page, anchor] = annotations.runbook_url.split("#");
            assert.ok(anchors(page).includes(anchor), `${page} has no heading ${anchor}`);
        });

        it(`${alert} has a case in which it fires, and one in which it does not`, () => {
            const own = cases.filter(({ expr }) => new RegExp(`[~|"]${alert}["|]`).test(expr));
            const fires = own.map(({ exp_samples = [] }) =>
                exp_samples.some(({ labels: of }) => of.includes(`"${alert}"`)),
            );
            assert.deepEqual([...new Set(fires)].sort(), [false, true]);
        });
    }

    it(`use only metrics and labels that ${PAGE} names, and recording rules of this file`, () => {
        const metrics = documented();
        const records = new Set(rules.flatMap(({ record }) => record ?? []));
        for (const { expr } of rules) {
            for (const [name] of expr.matchAll(/\balpa_auth:\w+:\w+/g)) assert.ok(records.has(name), name);
            for (const [, name, braces] of expr.matchAll(METRIC)) {
                assert.ok(metrics.has(name), `${name} is not in the table`);
                // The command in docs/operate/watch.md adds a namespace label after the brace of each metric.
                assert.ok(braces, `${name} has no braces`);
                for (const [, label] of braces.matchAll(/(\w+)(?:=|!)/g))
                    assert.ok(metrics.get(name)!.includes(label), `${name} has no label ${label}`);
            }
        }
        const used = rules.map(({ expr }) => expr.replace(/"[^"]*"/g, "")).join("\n");
        assert.doesNotMatch(used, /\b(up|container_\w+|nginx_\w+)\b/, "another exporter's metric");
    });

    it("become a PrometheusRule with the commands of the page, for all gateways or for one", () => {
        const command = (part: string) =>
            [...read(PAGE).matchAll(/```sh\n([\s\S]*?)```/g)].find(([, text]) => text.includes(part))?.[1] ??
            assert.fail(`no command of the page contains ${part}`);
        const made = parse(sh(command("kind: PrometheusRule").replace("kubectl apply -f -", "cat"))) as Made;
        assert.deepEqual(
            [made.apiVersion, made.kind, made.spec],
            ["monitoring.coreos.com/v1", "PrometheusRule", { groups }],
        );
        const narrow = command("&namespace=");
        const one = sh(narrow.replace("sed -i", "sed"));
        assert.equal(
            one.match(/apisix_\w+\{namespace="[^"]+"[,}]/g)?.length,
            read(RULE_FILE).match(/apisix_\w+\{/g)?.length,
        );
    });

    const promtool = findOnPath("promtool");
    if (promtool !== undefined)
        for (const file of ruleTests)
            it(`fire and do not fire as in ${relative(ROOT, join(__dirname, file))}`, () => {
                const folder = mkdtempSync(join(tmpdir(), "alerts-"));
                try {
                    writeFileSync(join(folder, "alpa-auth.rules.yml"), withSettings(SETTINGS[file] ?? {}));
                    const tests = readFileSync(join(__dirname, file), "utf8");
                    writeFileSync(
                        join(folder, file),
                        tests.replace(/^rule_files: .*$/m, "rule_files: [alpa-auth.rules.yml]"),
                    );
                    execFileSync(promtool, ["check", "rules", "alpa-auth.rules.yml"], { cwd: folder, stdio: "pipe" });
                    execFileSync(promtool, ["test", "rules", file], { cwd: folder, stdio: "pipe", encoding: "utf8" });
                } finally {
                    rmSync(folder, { recursive: true });
                }
            });
});

function sh(command: string): string {
    return execFileSync("sh", ["-c", command], { cwd: ROOT, encoding: "utf8" });
}

/** The rule file as an operator changes it. */
function withSettings(settings: Record<string, string>): string {
    return Object.entries(settings).reduce((text, [record, value]) => {
        const changed = text.replace(new RegExp(`(record: ${record}\\n +expr: vector)\\(.*\\)`), `$1(${value})`);
        assert.notEqual(changed, text, record);
        return changed;
    }, read(RULE_FILE));
}
