/**
 * Emulator of `pulumi-language-nodejs`, the program with which the Pulumi engine runs Node.js programs and policy packs. It is
 * used only if Pulumi is not installed, because the released language host cannot be downloaded as a Go module.
 *
 * Emulated: the host of Pulumi 3.274.1, from the protocol in @pulumi/pulumi/proto and from the requests of that engine (its
 * `sdk/go/common/resource/plugin/langruntime_plugin.go`). Programs run in Pulumi's real runner, `@pulumi/pulumi/cmd/run`, so
 * their behavior and errors are real. The host supports preview, up, refresh, destroy, stacks without watch, import without
 * code generation, and policy packs. Any other call fails with UNIMPLEMENTED and its name.
 *
 * Protocol: the engine starts the host with the engine's address as last argument, and the host prints its own port as one line
 * on stdout.
 */
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { LanguageHost } from "./language/host";
import { serve, whenParentGone } from "./serve";

// The arguments before the engine's address are flags for logging, which change nothing here.
const host = new LanguageHost(process.argv.at(-1)!);
const end = (code: number) => {
    host.children.kill();
    process.exit(code);
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => end(0));
whenParentGone(() => end(1));
void serve(LanguageRuntimeService as never, host.service());
