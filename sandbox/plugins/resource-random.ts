/**
 * Emulator of `pulumi-resource-random`, the provider of @pulumi/random. Used only without an installed Pulumi: the released
 * provider is not available as a Go module.
 *
 * Emulated: version 4.21.2, which bridges HashiCorp's random provider 3.x. From that provider's public source: inputs,
 * defaults, limits and their messages, the characters of a string, the formats of an id, import texts, and the changes that
 * replace a resource. From recordings in pulumi-random's public tests: property names, resource ids, secret marks and the
 * state's `__meta`. Values are from Node.js's cryptographic generator; `bcryptHash` is a real bcrypt hash.
 *
 * Emulated resources: RandomPassword, RandomString, RandomId, RandomBytes, RandomUuid. Others are errors: RandomInteger,
 * RandomShuffle and RandomPet depend on Go's seeded generator and word lists, RandomUuid4 and RandomUuid7 are not needed.
 *
 * Unsupported: the schema (so no code from `pulumi import`), states of old versions, the warning about `number`, the raw-state
 * delta that the bridge adds to a state, non-ASCII `overrideSpecial`, and conversion of inputs with a wrong type. An unknown
 * input is an error here; the released provider ignores it.
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
