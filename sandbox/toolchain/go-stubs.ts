/**
 * Replaces packages by stubs, so that a build does not compile them. Go's option `-overlay` cannot replace them, because it
 * ignores files in the module cache.
 */
import * as fs from "node:fs";
import * as path from "node:path";

/** Format for `go list -f`, with the fields that putStubs reads for each package. */
export const LISTED = "{{.ImportPath}}\t{{.Dir}}\t{{.Module.Path}}\t{{.Module.Dir}}";

/**
 * Copies the modules of the stubbed packages to `work`, and replaces the content of each of these packages by its stub.
 * The main module in `work` then uses the copies.
 * @param stubs source text of each stub, by package path
 * @param listed output of `go list` with the format LISTED: one line for each package
 */
export function putStubs(stubs: Record<string, string>, listed: string, work: string): void {
    const copies = new Map<string, string>();
    for (const line of listed.trim().split("\n")) {
        const [name, folder, module, from] = line.split("\t");
        const to = copies.get(module) ?? path.join(work, "stubs", `${copies.size}`);
        if (!copies.has(module)) copyModule(from, to);
        copies.set(module, to);
        const stubbed = path.join(to, path.relative(from, folder));
        for (const file of fs.readdirSync(stubbed)) if (file.endsWith(".go")) fs.rmSync(path.join(stubbed, file));
        fs.writeFileSync(path.join(stubbed, "stub.go"), stubs[name]);
    }
    const replaces = [...copies].map(([module, to]) => `replace ${module} => ./${path.relative(work, to)}\n`);
    fs.appendFileSync(path.join(work, "go.mod"), `\n${replaces.join("")}`);
}

/** Copies a module without the read-only modes of the module cache, and without files that no build reads. */
function copyModule(from: string, to: string): void {
    fs.mkdirSync(to, { recursive: true });
    for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
        const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
        if (entry.isDirectory() && entry.name !== "testdata") copyModule(source, target);
        if (!entry.isFile() || entry.name.endsWith("_test.go")) continue;
        fs.copyFileSync(source, target, fs.constants.COPYFILE_FICLONE);
        fs.chmodSync(target, 0o644);
    }
}
