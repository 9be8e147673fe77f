/**
 * Emulator of `pulumi-resource-command`, the provider behind @pulumi/command. Used only where no Pulumi is installed: the
 * released provider is not served as a Go module.
 *
 * Emulated: version 1.2.1, from its public source: `command:remote:Command` over real SSH, with its defaults, the order of
 * host key types that Go's client asks for, its attempts to connect, what it puts into the environment, and its errors:
 * the command, its exit status and all that it printed. A new trigger makes a new resource; any other change runs
 * `update`, or `create` where there is none. `stdin` goes to every one of the commands.
 *
 * Unsupported, and errors: `command:local:Command` and its functions (nothing on this machine is run), `CopyToRemote`,
 * `CopyFile`, a bastion (`proxy`), passwords and agents for SSH, import. Nothing is logged while a command runs, whatever
 * `logging` says. The form of `hostKey` (a line of authorized_keys) is from the SDK's words and Go's habits, unchecked.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { commandService } from "./command/service";
import { serve } from "./serve";
import { whenParentGone } from "./watch-parent";

whenParentGone(() => process.exit(1));
serve(ResourceProviderService as never, commandService()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
