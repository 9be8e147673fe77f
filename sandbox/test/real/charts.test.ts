// Proves where the real charts are searched, and the error for a chart repository that lacks them. The tests run a short
// shell script instead of helm. test/engine/gateway/real-charts.test.ts pulls charts with the real helm.
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { findCharts, pullChart, realCharts } from "../../real/charts";
import { scratchFolder } from "./scratch-folder";

const CHARTS = ["apisix-2.14.0", "apisix-ingress-controller-1.1.1", "kuberay-operator-1.6.2"];
const APISIX = { name: "apisix", version: "2.14.0" };
const REPOSITORY = "https://charts.example.org";
/** A fake helm: records its arguments, and writes an archive into the folder that follows -d. */
const PULLS = 'echo "$*" >> "$(dirname "$0")/asked"\nfor last; do :; done\necho archive > "$last/apisix-2.14.0.tgz"';

describe("real charts", () => {
    const { pathOf, file } = scratchFolder();
    const helm = (script: string) => file("helm", `#!/bin/sh\n${script}\n`, 0o755);
    const pull = (script: string, repositories = [REPOSITORY], seconds?: number) =>
        pullChart(APISIX, repositories, { helmPath: helm(script), cache: pathOf("cache"), seconds });
    const asked = () => readFileSync(pathOf("asked"), "utf8").trim().split("\n");

    it("are read from a folder, where an archive takes precedence over an unpacked chart", async () => {
        for (const chart of CHARTS) file(`charts/${chart}.tgz`, "archive");
        file("charts/apisix/Chart.yaml", "version: 2.14.9");
        const found = findCharts({ ALPA_AUTH_CHARTS: pathOf("charts") });
        assert.equal(found.version, "2.14.0");
        assert.deepEqual(
            await realCharts(found, "/no/helm"),
            CHARTS.map((chart) => pathOf(`charts/${chart}.tgz`)),
        );
    });

    it("must not be named by an address with a password, which the error does not show", () => {
        assert.throws(
            () => findCharts({ ALPA_AUTH_CHARTS: "https://me:hush@charts.example.org" }),
            /^Error: ALPA_AUTH_CHARTS: an address must not contain a user name or password$/,
        );
    });

    it("are pulled once at the exact version, and kept", async () => {
        const first = await pull(PULLS);
        assert.equal(readFileSync(first, "utf8"), "archive\n");
        assert.equal(await pull("exit 1"), first);
        assert.deepEqual(readdirSync(dirname(first)), ["apisix-2.14.0.tgz"]);
        assert.match(
            asked().join("\n"),
            /^pull apisix --repo https:\/\/charts\.example\.org --version 2\.14\.0 -d \S+$/,
        );
    });

    it("are reported missing with helm's error for each repository, and with what to do", async () => {
        await assert.rejects(
            pull("echo 'level=WARN' >&2; echo 'Error: 403 Forbidden' >&2; exit 1", [
                REPOSITORY,
                "https://b.example.org",
            ]),
            (error: Error) => {
                assert.equal(
                    error.message,
                    "ALPA_AUTH_CHARTS: helm cannot pull apisix 2.14.0. https://charts.example.org: 403 Forbidden; " +
                        "https://b.example.org: 403 Forbidden. Correct the address, or set ALPA_AUTH_CHARTS to a folder with apisix-2.14.0.tgz.",
                );
                return true;
            },
        );
    });

    it("are pulled with a timeout, and a failed attempt leaves nothing", async () => {
        await assert.rejects(
            pull("exec sleep 60", [REPOSITORY], 0.2),
            /apisix 2\.14\.0\. https:\/\/charts\.example\.org: no answer in time\. /,
        );
        for (const inner of readdirSync(pathOf("cache"))) assert.deepEqual(readdirSync(pathOf("cache", inner)), []);
    });
});
