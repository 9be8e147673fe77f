// Proves that the dashboards use metrics and labels that the gateway has, link to pages that exist, and have nothing in them that
// belongs to one installation or is secret. What their queries find, queries.test.ts proves.
import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { DASHBOARDS } from "../../../observability/dashboards";
import { ROOT } from "../../side-by-side";
import { panelsOf, substituted } from "./dashboards";
import { anchors, documented, read } from "./watch-page";

const rules = (parse(read("docs/examples/prometheus/alpa-auth.rules.yml")) as any).groups[0].rules as any[];
/** Labels that Prometheus adds itself. */
const ADDED = ["instance", "le"];

describe("dashboards for Grafana", () => {
    for (const [name, build] of Object.entries(DASHBOARDS)) {
        const board = build().build() as any;
        const panels = panelsOf(build);

        it(`${name} is found under its own name, and has no two panels of one title`, () => {
            assert.equal(board.uid, name);
            const titles = panels.map(({ title }) => title);
            assert.deepEqual([...new Set(titles)], titles);
            for (const { title, description } of panels) assert.ok(description, `${title} has no description`);
        });

        it(`${name} uses only metrics and labels that docs/operate/watch.md names, and records of the rule file`, () => {
            const metrics = documented();
            const records = rules.map(({ record }) => record);
            for (const query of panels.flatMap(({ queries }) => queries)) {
                for (const [record] of query.matchAll(/\balpa_auth:\w+:\w+/g))
                    assert.ok(records.includes(record), record);
                for (const [, metric, braces] of query.matchAll(
                    /\b((?:apisix|alpa_auth_caller)_\w+)(\{.*?\}(?=[[) ]|$))?/g,
                )) {
                    assert.ok(metrics.has(metric), `${metric} is not in the table`);
                    assert.ok(braces, `${metric} has no braces`);
                    for (const [, label] of braces.matchAll(/(\w+)(?:=|!)/g))
                        assert.ok(metrics.get(metric)!.includes(label), `${metric} has no label ${label}`);
                }
                for (const [, by] of query.matchAll(/\bby \(([^)]*)\)/g))
                    for (const label of by.split(", "))
                        assert.ok([...ADDED, ...[...metrics.values()].flat()].includes(label), `by ${label}`);
            }
        });

        it(`${name} links to headings that exist`, () => {
            const links = [...board.links, ...panels.flatMap(({ links }) => links)].map(
                ({ url }: any) => url as string,
            );
            const written = [...JSON.stringify(board).matchAll(/\]\((\$\{docs\}[^)]*)\)/g)].map(([, url]) => url);
            assert.ok(links.length > 3);
            for (const url of [...links, ...written]) {
                const [page, anchor] = url.replace("${docs}", "docs").split("#");
                assert.ok(existsSync(join(ROOT, page)), url);
                if (anchor !== undefined) assert.ok(anchors(page).includes(anchor), url);
            }
        });

        it(`${name} asks the chosen Prometheus for the chosen stack, and names no installation`, () => {
            const declared = board.templating.list.map((one: any) => one.name);
            for (const query of panels.flatMap(({ queries }) => queries))
                substituted(query, { stack: "s", consumer: "c" });
            assert.deepEqual(
                declared.filter((one: string) => one !== "consumer"),
                ["datasource", "stack", "docs"],
            );
            const text = JSON.stringify(board);
            assert.doesNotMatch(text, /https?:|apikey|credential="|Authorization|password|token/i);
            for (const [, uid] of text.matchAll(/"uid":"([^"]*)"/g))
                assert.ok([name, "${datasource}"].includes(uid), uid);
        });
    }
});
