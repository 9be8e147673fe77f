import { createHash, randomUUID } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { buildSync } from "esbuild";

const ROOT = path.resolve(__dirname, "../..");
const PLUGINS = path.join(__dirname, "../plugins");

/** Quotes a value for sh. */
const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Source files, in plugins/, of the emulators. The keys are the names by which the engine finds them on PATH. */
const EMULATORS = {
    "pulumi-language-nodejs": "language-nodejs.ts",
    "pulumi-resource-random": "resource-random.ts",
    "pulumi-resource-cloudflare": "resource-cloudflare.ts",
    "pulumi-resource-command": "resource-command.ts",
};

/**
 * Bundles each emulator into one file in `folder`. Every command of Pulumi starts two to four emulators. A start takes 0.11 s
 * of CPU time from one file, and 0.37 s from a hundred files with a TypeScript loader (measured 2026-11). Bundling all four
 * takes 0.3 s.
 */
function bundle(folder: string): void {
    const { outputFiles } = buildSync({
        entryPoints: Object.entries(EMULATORS).map(([out, file]) => ({ in: path.join(PLUGINS, file), out })),
        outdir: folder,
        outExtension: { ".js": ".cjs" },
        write: false,
        bundle: true,
        platform: "node",
        target: "node20",
        format: "cjs",
        // Native modules cannot be bundled, and are loaded from node_modules.
        external: ["*.node"],
        banner: { js: `module.paths.push(${JSON.stringify(path.join(ROOT, "node_modules"))});` },
        define: { EMULATORS_FOLDER: JSON.stringify(PLUGINS) },
        legalComments: "none",
        logLevel: "warning",
    });
    fs.mkdirSync(folder, { recursive: true });
    for (const { path: file, contents } of outputFiles) put(file, (draft) => fs.writeFileSync(draft, contents));
}

/** Script that starts a bundled emulator with the sandbox's Node.js. `exec` makes signals reach the emulator. */
function launcherOf(file: string): string {
    return `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(file)} "$@"\n`;
}

/**
 * Script that starts Pulumi's own dynamic provider. The provider must be from the same copy of @pulumi/pulumi that the
 * Pulumi program uses. The engine starts plugins in the folder of the program, so the script searches @pulumi/pulumi from
 * there.
 */
function dynamicProvider(folder: string): string {
    const find = 'require(require.resolve("@pulumi/pulumi/cmd/dynamic-provider", { paths: [process.cwd()] }));\n';
    const file = path.join(folder, "pulumi-resource-pulumi-nodejs.cjs");
    put(file, (draft) => fs.writeFileSync(draft, find));
    const watch = `--require=${path.join(PLUGINS, "exit-with-parent.cjs")}`;
    return `#!/bin/sh\nexec ${[process.execPath, watch, file].map(quote).join(" ")} "$@"\n`;
}

/**
 * Name of a file that marks a folder as created by the sandbox. Without the file, toolchain.ts would treat the `pulumi` in
 * the folder as an installed Pulumi.
 */
const MARK = ".alpa-auth-sandbox";

/** Plugins that a release of Pulumi contains. The engine uses them from its own folder without a warning. */
const BUNDLED = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/**
 * Writes the executables that the engine searches on PATH into a folder below `parent`, and returns the folder. Each clone
 * has its own folder. The executables have no secrets and no state, so they can be written again while another run uses
 * them.
 * @param released folder of an official Pulumi; its plugins are used instead of the emulators of the same names
 */
export function writeLaunchers(parent: string, released?: string): string {
    const clone = createHash("sha256").update(ROOT).digest("hex").slice(0, 12);
    const folder = path.join(path.resolve(parent), clone);
    const bundles = path.join(folder, "emulators");
    bundle(bundles);
    const launchers: Record<string, string> = {
        ...Object.fromEntries(
            Object.keys(EMULATORS).map((name) => [name, launcherOf(path.join(bundles, `${name}.cjs`))]),
        ),
        "pulumi-resource-pulumi-nodejs": dynamicProvider(bundles),
        [MARK]: `${ROOT}\n`,
    };
    for (const [name, content] of Object.entries(launchers)) {
        const official = released && path.join(released, name);
        if (official && fs.existsSync(official)) linkExecutable(official, folder);
        else put(path.join(folder, name), (draft) => fs.writeFileSync(draft, content, { mode: 0o755 }));
    }
    return folder;
}

/**
 * Puts the plugins into a Pulumi home folder, as an installed Pulumi does. At every command the engine warns about providers
 * on PATH, but not about those in its plugin folder. The name of a provider's folder contains the version of the installed
 * SDK, because programs request this version.
 * @param real programs to use instead of those in `pluginDir`, by the name of the provider
 * @returns the folder to put on PATH instead of `pluginDir`
 */
export function installPlugins(home: string, pluginDir: string, real: Record<string, string> = {}): string {
    for (const name of ["random", "kubernetes", "cloudflare", "command"]) {
        const program = `pulumi-resource-${name}`;
        const file = real[name] ?? path.join(pluginDir, program);
        if (!fs.existsSync(file)) continue;
        const folder = path.join(home, "plugins", `resource-${name}-v${sdkVersion(name)}`);
        fs.mkdirSync(folder, { recursive: true });
        linkExecutable(file, folder, program);
    }
    const bin = path.join(home, "bin");
    fs.mkdirSync(bin, { recursive: true });
    for (const name of ["pulumi", MARK, ...BUNDLED]) {
        if (fs.existsSync(path.join(pluginDir, name))) linkExecutable(path.join(pluginDir, name), bin);
    }
    return bin;
}

/** The provider version of the installed SDK of this name. */
export function sdkVersion(name: string): string {
    const file = path.join(ROOT, "node_modules/@pulumi", name, "package.json");
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { pulumi: { version: string } }).pulumi.version;
}

/** Puts an executable into `folder`, as a hard link if possible. @param name default: the executable's own name */
export function linkExecutable(file: string, folder: string, name = path.basename(file)): string {
    const target = path.join(folder, name);
    if (fs.existsSync(target) && fs.statSync(target).ino === fs.statSync(file).ino) return target;
    put(target, (draft) => {
        try {
            fs.linkSync(file, draft);
        } catch {
            fs.copyFileSync(file, draft); // the folder is on another disk, or its file system has no hard links
        }
    });
    return target;
}

/** Replaces a file atomically: a concurrent start runs the old or the new file, never a partial one. */
function put(file: string, write: (draft: string) => void): void {
    const draft = `${file}.${randomUUID()}`;
    try {
        write(draft);
        fs.renameSync(draft, file);
    } finally {
        fs.rmSync(draft, { force: true });
    }
}
