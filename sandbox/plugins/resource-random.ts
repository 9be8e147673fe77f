/**
 * Emulator of `pulumi-resource-random`, the provider of @pulumi/random. Used only without an installed Pulumi: the released
 * provider is not available as a Go module.
 *
 * Emulated: version 4.21.2, which bridges HashiCorp's random provider 3.x. From that provider's public source: defaults, the
 * characters of a password, messages, and that each changed input replaces the resource. From recordings in pulumi-random's
 * public tests: property names, resource ids, secret marks and the state's `__meta`. Values are from Node.js's cryptographic
 * generator; `bcryptHash` is a real bcrypt hash.
 *
 * Emulated resources: RandomPassword with the inputs `length`, `special` and `numeric`, and RandomUuid without inputs, which
 * are those of this project. Other resources and inputs are errors.
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
