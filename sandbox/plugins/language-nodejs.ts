/**
 * Emulator of `pulumi-language-nodejs`, the program through which the Pulumi engine runs Node.js programs and policy
 * packs. Used only where no Pulumi is installed: the released host is not served as a Go module.
 *
 * Emulated: the host released with Pulumi 3.274.1, from the protocol in @pulumi/pulumi/proto and from what the engine of
 * that version sends (its `sdk/go/common/resource/plugin/langruntime_plugin.go`). Programs are run by the real runner,
 * `@pulumi/pulumi/cmd/run`, so their behaviour and their error messages are Pulumi's own.
 *
 * Enough for preview, up, refresh, destroy, watch-free stack work, import without code generation, `pulumi install` and
 * policy packs. Everything else answers UNIMPLEMENTED by name: code generation, `pulumi new`, `package add`, debugging,
 * package managers other than npm, runtime options other than those in language/options.ts.
 *
 * Protocol: the engine starts it with its own address as last argument; it prints its port as one line on stdout. Or the
 * engine attaches to a running one (PULUMI_DEBUG_LANGUAGES=nodejs:PORT), and gives its address in the handshake.
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
            // Log flags the engine hands on; this host writes no log.
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
