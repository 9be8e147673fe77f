/**
 * Proves how the chart repository answers. A short shell script replaces helm, because the content of archives does not matter
 * here.
 */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChartRepository, type ChartRepository } from "../../charts/repository";

const HELM = `#!/bin/sh
case "$1" in
    package) echo archive > "$4/$(basename "$2")-1.0.0.tgz" ;;
    repo) printf 'url: %s\\n' "$5" > "$3/index.yaml" ;;
esac
`;

describe("Chart repository", () => {
    let folder: string;
    let repository: ChartRepository | undefined;
    let helmPath: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "alpa-auth-charts-"));
        helmPath = join(folder, "helm");
        writeFileSync(helmPath, HELM);
        chmodSync(helmPath, 0o755);
    });
    afterEach(async () => {
        await repository?.close();
        repository = undefined;
        rmSync(folder, { recursive: true });
    });

    function get(
        path: string,
        auth?: string,
    ): Promise<{ status?: number; headers: NodeJS.Dict<string | string[]>; body: string }> {
        return new Promise((resolve, reject) => {
            // This request does not use fetch, because fetch would normalize the path.
            const { hostname, port } = new URL(repository!.url);
            request({ hostname, port, path, auth }, (response) => {
                let body = "";
                response.on("data", (chunk: Buffer) => (body += chunk.toString()));
                response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body }));
            })
                .on("error", reject)
                .end();
        });
    }

    it("serves an index with its own address, and the archives", async () => {
        repository = await startChartRepository({ helmPath, stateDir: folder });
        assert.equal((await get("/index.yaml")).body, `url: ${repository.url}\n`);
        for (const chart of ["apisix", "apisix-ingress-controller"])
            assert.equal((await get(`/${chart}-1.0.0.tgz`)).body, "archive\n");
    });

    it("serves nothing but charts", async () => {
        repository = await startChartRepository({ helmPath, stateDir: folder });
        for (const path of ["/", "/../source/apisix/Chart.yaml", "/%2e%2e/source", "/source/apisix/values.yaml"])
            assert.equal((await get(path)).status, 404, path);
    });

    it("requires user name and password when it is private", async () => {
        const auth = { username: "reader", password: "s3cret" };
        repository = await startChartRepository({ helmPath, stateDir: folder, auth });
        const anonymous = await get("/index.yaml");
        assert.equal(anonymous.status, 401);
        assert.equal(anonymous.headers["www-authenticate"], 'Basic realm="charts"');
        assert.equal((await get("/apisix-1.0.0.tgz")).status, 401);
        assert.equal((await get("/index.yaml", "reader:wrong")).status, 401);
        assert.equal((await get("/index.yaml", "reader:s3cret")).status, 200);
    });

    it("shows helm's error when a chart cannot be packaged", async () => {
        writeFileSync(helmPath, "#!/bin/sh\necho chart is broken >&2\nexit 1\n");
        await assert.rejects(
            startChartRepository({ helmPath, stateDir: folder }),
            /^Error: helm package: failed for the sandbox's charts: chart is broken/,
        );
    });
});
