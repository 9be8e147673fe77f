import { extname, join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { build } from "esbuild";

const COMPONENTS = join(__dirname, "..");
/** Only a name: esbuild does not write the bundles. */
const BUNDLES = join(COMPONENTS, "bundles");

/**
 * A dynamic resource whose provider is a file of this project. For Pulumi's engine it is a `pulumi.dynamic.Resource`. Pulumi's
 * own class serializes a provider by following every function and value in the running program, which takes a third of the
 * time of a preview (measured 2026-11). Here esbuild bundles the file and its imports.
 *
 * The bundle is stored in the state and runs in a separate process, even when a later version of this project deletes the
 * resource. So the file may import code of this project and its packages, but not the Pulumi SDK, and it has no access to
 * values of the program.
 */
export abstract class DynamicResource extends pulumi.CustomResource {
    /**
     * @param provider file below `components/`, without `.ts`, that exports a `provider`
     * @param props with a `clusterUid`, the resource is replaced if the stack moves to another cluster
     * @param type name of the resource type, which is part of the URN
     */
    protected constructor(
        provider: string,
        name: string,
        props: pulumi.Inputs,
        opts: pulumi.CustomResourceOptions,
        type: string,
    ) {
        const code = { __provider: providerTexts().then((texts) => texts[provider]) };
        super(
            `pulumi-nodejs:dynamic/alpa-auth:${type}`,
            name,
            { ...props, ...code },
            {
                ...opts,
                replacementTrigger: props.clusterUid as pulumi.Input<string> | undefined,
            },
        );
    }
}

let texts: Promise<Record<string, string>> | undefined;

/**
 * Code of each provider, for the state and the provider's process: one module with the code of this project that the
 * provider imports, but without npm packages. Pulumi calls its `handler`. Bundling all providers at once takes no longer
 * than bundling one: 0.1 s of a core (measured 2026-11).
 */
function providerTexts(): Promise<Record<string, string>> {
    texts ??= build({
        // In the package of the library the files are JavaScript.
        entryPoints: [`**/*-provider${extname(__filename)}`],
        absWorkingDir: COMPONENTS,
        outdir: BUNDLES,
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
        Object.fromEntries(outputFiles.map(({ path, text }) => [relative(BUNDLES, path).replace(/\.js$/, ""), text])),
    );
    return texts;
}
