import { ToolchainError } from "./errors";
import { describeTools, ensureTools, SANDBOX_TOOLS, TOOL_NAMES, type ToolName } from "./toolchain";
import { recipe, type RecipeName } from "./recipes";

/** `node -r tsx/cjs sandbox/toolchain/main.ts [tool or recipe…]`: installs the tools and prints their paths. */
async function main(args: string[]): Promise<void> {
    const names = args.flatMap((arg): ToolName[] => {
        if ((TOOL_NAMES as string[]).includes(arg)) return [arg as ToolName];
        const recipes: RecipeName[] = [
            "pulumi",
            "etcd",
            "kubernetes",
            "kwok",
            "kubernetes-provider",
            "helm",
            "kuberay-operator",
        ];
        const known = recipes.find((name) => name === arg);
        if (known) return recipe(known).outputs as ToolName[];
        throw new ToolchainError(`tool: must be one of ${[...TOOL_NAMES, ...recipes].join(", ")} (got "${arg}").`);
    });
    console.log(describeTools(await ensureTools(names.length === 0 ? SANDBOX_TOOLS : names)));
}

main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof ToolchainError ? error.message : error);
    process.exitCode = 1;
});
