import { join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { build } from "esbuild";

const COMPONENTS = join(__dirname, "..");

/**
 * A resource whose provider is a file of this project; to Pulumi's engine, one of a `pulumi.dynamic.Resource`. Pulumi's own class
 * makes text of a provider by looking up in the running program each function that it refers to, and each value that those
 * refer to: a third of the time of a preview (measured 2026-11). Here esbuild makes it, of the file and what that imports.
 *
 * The text is stored in the state and runs in a process of its own, also when a later version of this project deletes the
 * resource. So it may import whatever of this project and its packages it needs, but not the Pulumi SDK, and nothing of the
 * program's own values is there.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
    /**
     * @param provider its file below `components/`, without `.ts`; exports a `provider`
     * @param type name of the type, which is part of the URN
     */
    protected constructor(
        provider: string,
        name: string,
        props: pulumi.Inputs,
        opts: pulumi.CustomResourceOptions,
        type: string,
    ) {
        const code = { __provider: providerTexts().then((texts) => texts[provider]) };
        super(`pulumi-nodejs:dynamic/alpa-auth:${type}`, name, { ...props, ...code }, opts);
    }
}

let texts: Promise<Record<string, string>> | undefined;

/**
 * Code of each provider as the state keeps it, and as a process of its own runs it: one module, whose `handler` Pulumi calls.
 * Packages are not part of it. All at once, since that takes no longer than one: 0.1 s of a core (measured 2026-11).
 */
function providerTexts(): Promise<Record<string, string>> {
    texts ??= build({
        entryPoints: ["**/*-provider.ts"],
        absWorkingDir: COMPONENTS,
        outdir: COMPONENTS,
        write: false,
        bundle: true,
        packages: "external",
        platform: "node",
        target: "node20",
        format: "cjs",
        charset: "utf8",
        footer: { js: "const { provider: ours } = module.exports;\nmodule.exports.handler = () => ours;" },
        logLevel: "error",
    }).then(({ outputFiles }) =>
        Object.fromEntries(
            outputFiles.map(({ path, text }) => [relative(COMPONENTS, path).replace(/\.js$/, ""), text]),
        ),
    );
    return texts;
}
