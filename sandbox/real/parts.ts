/**
 * The parts of the sandbox that can be a real program. For each part, this file says where it is
 * searched and how to get it. Nothing is built or downloaded here.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { cacheRoot } from "../toolchain/cache";
import { findOnPath } from "../toolchain/path";
import { certManagerDefinitions } from "./cert-manager-crds";
import { CHARTS_VARIABLE, findCharts } from "./charts";
import { APISIX_VERSION } from "../gateway/version";

/** A real program. */
export interface Found {
    version: string;
    /** Absolute paths of the part's programs and files, by role. */
    paths: Record<string, string>;
    /** URLs from which charts that are not in `paths` are downloaded. @default none */
    repositories?: string[];
}

interface Part {
    /** Name in the program's documentation. */
    title: string;
    /** The emulated version. The real program must have the same major and minor version. */
    version: string;
    /** Set if there is no emulator: without the real program, a world does not have this part. */
    realOnly?: true;
    /** Text that says how to get the program, and which variable names its path. */
    get: string;
    /** Finds the part. @throws Error that says what is missing, and where it was searched */
    find(env: NodeJS.ProcessEnv): Found;
}

const PREFIX = "ALPA_AUTH_REAL_";
/** Python environment with llama-cpp-python, if no variable names another. */
const llamaFolder = (env?: NodeJS.ProcessEnv) => join(dirname(cacheRoot(env)), "llama");

/** The parts, by the names with which operators choose them. */
export const PARTS = {
    charts: {
        title: "Helm charts",
        version: "2.14.0",
        get:
            `Set ${CHARTS_VARIABLE} to a folder with the charts apisix, apisix-ingress-controller and kuberay-operator, or to ` +
            "the chart repositories that have these charts.",
        find: findCharts,
    },
    apisix: {
        title: "APISIX on OpenResty",
        version: APISIX_VERSION,
        get: `Install APISIX with OpenResty, or set ${PREFIX}APISIX and ${PREFIX}OPENRESTY to their folders.`,
        find: findApisix,
    },
    "ingress-controller": {
        title: "APISIX ingress controller with ADC",
        version: "2.0.1",
        get:
            `Put apisix-ingress-controller and adc on PATH, or set ${PREFIX}INGRESS_CONTROLLER and ${PREFIX}ADC to ` +
            `their paths. ${PREFIX}ADC can also be the path of ADC's bundle for Node.js.`,
        find: findIngressController,
    },
    "cloudflare-provider": {
        title: "Pulumi provider cloudflare",
        version: "6",
        get: `Put pulumi-resource-cloudflare on PATH, or set ${PREFIX}CLOUDFLARE_PROVIDER to its path.`,
        find: (env) => ofProgram(program(env, "CLOUDFLARE_PROVIDER", ["pulumi-resource-cloudflare"]), ["--version"]),
    },
    cloudflared: {
        title: "cloudflared",
        version: "2026.8.2",
        get: `Put cloudflared on PATH, or set ${PREFIX}CLOUDFLARED to its path.`,
        find: (env) => ofProgram(program(env, "CLOUDFLARED", ["cloudflared"]), ["--version"]),
    },
    "cert-manager": {
        title: "cert-manager",
        version: "1.18.2",
        realOnly: true,
        get:
            `Put cert-manager-controller on PATH, or set ${PREFIX}CERT_MANAGER to its path. Also set ` +
            `${PREFIX}CERT_MANAGER_CRDS to the file or folder with the release's CRDs.`,
        find: findCertManager,
    },
    llama: {
        title: "llama.cpp (llama-cpp-python)",
        version: "0.3.36",
        realOnly: true,
        get:
            `Run: python3 -m venv ${llamaFolder()} && CMAKE_ARGS='-DLLAVA_BUILD=OFF -DCMAKE_CXX_FLAGS_RELEASE=-O0' ` +
            `${llamaFolder()}/bin/pip install 'llama-cpp-python[server]==0.3.36' gguf, which compiles for some minutes. ` +
            `Or set ${PREFIX}LLAMA to the Python of such an environment.`,
        find: findLlama,
    },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;
export const PART_NAMES = Object.keys(PARTS) as PartName[];

/** The path in a variable; undefined if it is not set. */
function named(env: NodeJS.ProcessEnv, variable: string): string | undefined {
    const value = env[`${PREFIX}${variable}`];
    if (value === undefined || value === "") return undefined;
    if (!isAbsolute(value)) throw new Error(`${PREFIX}${variable}: "${value}" is not an absolute path`);
    if (!existsSync(value)) throw new Error(`${PREFIX}${variable}: ${value} does not exist`);
    return value;
}

function program(env: NodeJS.ProcessEnv, variable: string, names: string[]): string {
    const path = named(env, variable);
    if (path !== undefined) {
        if (!statSync(path).isFile()) throw new Error(`${PREFIX}${variable}: ${path} is not a file`);
        return path;
    }
    const found = names.map((name) => findOnPath(name, env)).find((file) => file !== undefined);
    if (found === undefined) throw new Error(`${names.join(" or ")} is not on PATH`);
    return found;
}

/**
 * Command that runs a program, to which arguments can be added. A Node.js script runs with the Node.js of the sandbox.
 */
export function commandOf(path: string): [string, ...string[]] {
    return /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];
}

function ofProgram(path: string, probe: string[]): Found {
    return { version: versionPrinted(path, probe), paths: { program: path } };
}

/** The version that a program prints. @param pattern its first group matches the version */
function versionPrinted(path: string, probe: string[], pattern = /(\d+\.\d+(?:\.\d+)?)/): string {
    const [command, ...args] = commandOf(path);
    let printed: string;
    try {
        printed = execFileSync(command, [...args, ...probe], { encoding: "utf8", timeout: 20_000, stdio: "pipe" });
    } catch {
        throw new Error(`${path} ${probe.join(" ")} fails`);
    }
    return pattern.exec(printed)?.[1] ?? "unknown";
}

const ADC_VERSION = /^0\.23\./;

function findIngressController(env: NodeJS.ProcessEnv): Found {
    const controller = program(env, "INGRESS_CONTROLLER", ["apisix-ingress-controller"]);
    const adc = program(env, "ADC", ["adc"]);
    const version = versionPrinted(adc, ["--version"]);
    if (!ADC_VERSION.test(version)) throw new Error(`${adc} has version ${version}, but the chart needs 0.23.x`);
    return { version: versionPrinted(controller, ["version"]), paths: { controller, adc } };
}

/**
 * cert-manager's controller has no command that prints its version. Its help names the image of the ACME solver, and
 * this image has the same version.
 */
const SOLVER_IMAGE = /acmesolver:v(\d+\.\d+\.\d+)/;

function findCertManager(env: NodeJS.ProcessEnv): Found {
    const controller = program(env, "CERT_MANAGER", ["cert-manager-controller"]);
    const crds = named(env, "CERT_MANAGER_CRDS");
    if (crds === undefined) throw new Error(`${PREFIX}CERT_MANAGER_CRDS is not set`);
    certManagerDefinitions(crds);
    return { version: versionPrinted(controller, ["--help"], SOLVER_IMAGE), paths: { controller, crds } };
}

/** Folders of APISIX and OpenResty as packages install them. Variables can name other folders. */
const APISIX_FOLDER = "/usr/local/apisix";
const OPENRESTY_FOLDER = "/usr/local/openresty";

function findApisix(env: NodeJS.ProcessEnv): Found {
    if (process.platform !== "linux") throw new Error("APISIX runs on Linux only");
    const home = named(env, "APISIX") ?? APISIX_FOLDER;
    const openresty = named(env, "OPENRESTY") ?? OPENRESTY_FOLDER;
    const version = join(home, "apisix/core/version.lua");
    const paths = { home, openresty: join(openresty, "bin/openresty"), luajit: join(openresty, "luajit/bin/luajit") };
    for (const file of [version, join(home, "deps"), paths.openresty, paths.luajit])
        if (!existsSync(file)) throw new Error(`${file} does not exist`);
    return { version: /VERSION = "([^"]+)"/.exec(readFileSync(version, "utf8"))?.[1] ?? "unknown", paths };
}

function findLlama(env: NodeJS.ProcessEnv): Found {
    const python = named(env, "LLAMA") ?? join(llamaFolder(env), "bin/python");
    if (!existsSync(python)) throw new Error(`${python} does not exist`);
    const versions =
        "from importlib.metadata import version as v; v('gguf'); v('starlette'); print(v('llama-cpp-python'))";
    return { version: versionPrinted(python, ["-c", versions]), paths: { python } };
}
