/**
 * Emulator of `pulumi-resource-command`, the provider of @pulumi/command. It is used only if Pulumi is not installed, because
 * the released provider cannot be downloaded as a Go module.
 *
 * Emulated: version 1.2.1, from its public source: `command:remote:Command` over real SSH, with the inputs that this project sets,
 * its connection attempts, and its errors, which contain the command, its exit status and its whole output. Any change runs
 * `create` again. The format of `hostKey` (a line of authorized_keys) is an assumption from the SDK's description and Go's
 * conventions.
 */
import { commandService } from "./command/service";
import { serveProvider } from "./serve";

void serveProvider(commandService());
