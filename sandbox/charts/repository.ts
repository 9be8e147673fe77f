/**
 * A chart repository on loopback: it serves index.yaml and the archives of charts like a plain web server. With `auth` it is
 * private, and requires a user name and password (HTTP Basic).
 */
import { timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { freePort } from "../processes";
import { packageCharts, packageKuberay, packageRampart, packageReal, writeIndex } from "./package";
import { listen } from "../processes/listen";

interface ChartRepositoryOptions {
    helmPath: string;
    stateDir: string;
    /** The emulated charts in the repository. @default "apisix" */
    offers?: "apisix" | "rampart";
    /** Folder with the CRDs of KubeRay's operator. If it is set, the repository also has the chart of the operator. */
    kuberayCrds?: string;
    /** Folders and archives of real charts, which replace the emulated ones. @default emulated charts */
    real?: string[];
    /** @default none: the repository is public */
    auth?: { username: string; password: string };
    /** Name of the repository's folder, which must differ between two repositories of one sandbox. @default "charts" */
    name?: string;
    /** Preferred port. If it is free, the address that a stack knows stays the same. @default any free port */
    port?: number;
}

export interface ChartRepository {
    /** URL without a trailing slash. */
    url: string;
    close(): Promise<void>;
}

export async function startChartRepository(options: ChartRepositoryOptions): Promise<ChartRepository> {
    const folder = join(options.stateDir, options.name ?? "charts");
    const { helmPath, kuberayCrds, real } = options;
    if (real) await packageReal(helmPath, folder, real);
    else {
        await (options.offers === "rampart" ? packageRampart : packageCharts)(helmPath, folder);
        if (kuberayCrds) await packageKuberay(helmPath, folder, kuberayCrds);
    }
    const port = await freePort(options.port);
    const url = `http://127.0.0.1:${port}`;
    await writeIndex(options.helmPath, folder, url);
    const server = createServer((request, response) => {
        if (options.auth && !isAllowed(request, options.auth)) {
            response.writeHead(401, { "www-authenticate": 'Basic realm="charts"' }).end("Unauthorized\n");
            return;
        }
        const file = fileOf(request.url ?? "");
        const content = request.method === "GET" || request.method === "HEAD" ? read(folder, file) : undefined;
        if (!content) return void response.writeHead(404).end("Not Found\n");
        const type = file?.endsWith(".tgz") ? "application/gzip" : "text/yaml";
        response.writeHead(200, { "content-type": type, "content-length": content.length });
        response.end(request.method === "HEAD" ? undefined : content);
    });
    const { close } = await listen(server, port);
    return { url, close };
}

/** Name of the requested file. Only the index and archives are served, so no path can lead out of the folder. */
function fileOf(url: string): string | undefined {
    const name = url.replace(/\?.*$/, "").slice(1);
    return name === "index.yaml" || /^[\w.-]+\.tgz$/.test(name) ? name : undefined;
}

function read(folder: string, file: string | undefined): Buffer | undefined {
    if (!file) return undefined;
    try {
        return readFileSync(join(folder, "archives", file));
    } catch {
        return undefined;
    }
}

function isAllowed(request: IncomingMessage, auth: { username: string; password: string }): boolean {
    const wanted = Buffer.from(`Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`);
    const given = Buffer.from(request.headers.authorization ?? "");
    return given.length === wanted.length && timingSafeEqual(given, wanted);
}
