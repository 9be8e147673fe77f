/**
 * Emulator of `pulumi-resource-random`, the provider of @pulumi/random. It is used only if Pulumi is not installed, because the
 * released provider cannot be downloaded as a Go module.
 *
 * Emulated: version 4.21.2, which bridges HashiCorp's random provider 3.x. Defaults, the characters of a password and
 * messages follow that provider's public source, and every changed input replaces the resource, as there. Property names, resource ids,
 * marks of secrets and the state's `__meta` follow recordings in pulumi-random's public tests. Values are from Node.js's
 * cryptographic generator; `bcryptHash` is a real bcrypt hash.
 *
 * Emulated resources: RandomPassword with the inputs `length`, `special` and `numeric`, and RandomUuid without inputs, because
 * this project uses no others. Any other resource or input is an error.
 *
 * Unsupported: imports, the schema, states of old versions, and the raw-state delta that the bridge adds to a state.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { randomService } from "./random/service";
import { serve } from "./serve";
import { whenParentGone } from "./watch-parent";

whenParentGone(() => process.exit(1));
serve(ResourceProviderService as never, randomService()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
