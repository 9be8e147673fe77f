/**
 * Emulator of `pulumi-language-nodejs`, the program with which the Pulumi engine runs Node.js programs and policy packs. Used
 * only without an installed Pulumi: the released host is not available as a Go module.
 *
 * Emulated: the host of Pulumi 3.274.1, from the protocol in @pulumi/pulumi/proto and from the requests of that engine (its
 * `sdk/go/common/resource/plugin/langruntime_plugin.go`). The real runner, `@pulumi/pulumi/cmd/run`, runs programs, so their
 * behavior and their errors are Pulumi's own. It supports preview, up, refresh, destroy, stacks without watch, import without
 * code generation, `pulumi install` and policy packs.
 *
 * Unsupported (UNIMPLEMENTED with a name): code generation, `pulumi new`, `package add`, debugging, package managers other than
 * npm, runtime options that language/options.ts does not have.
 *
 * Protocol: the engine starts it with its own address as last argument, and it prints its port as one line on stdout. Or the
 * engine attaches to a running one (PULUMI_DEBUG_LANGUAGES=nodejs:PORT), and sends its address in the handshake.
 */
import { parseArgs } from "node:util";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { LanguageHost } from "./language/host";
import { serve } from "./serve";
import { whenParentGone } from "./watch-parent";

async function main(args: string[]): Promise<void> {
    const { values, positionals } = parseArgs({
        args,
        options: {
            tracing: { type: "string" },
            // Log flags of the engine. This host writes no log.
            logtostderr: { type: "boolean" },
            v: { type: "string", short: "v" },
        },
        allowPositionals: true,
    });
    const host = new LanguageHost(positionals.at(-1), values.tracing);
    const end = (code: number) => {
        host.children.kill();
        process.exit(code);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));
    whenParentGone(() => end(1));

    await serve(LanguageRuntimeService as never, host.service());
}

main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
});
