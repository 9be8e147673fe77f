/**
 * Emulator of `pulumi-resource-random`, the provider behind @pulumi/random. Used only where no Pulumi is installed: the
 * released provider is not served as a Go module.
 *
 * Emulated: version 4.21.2, which bridges HashiCorp's random provider 3.x. From that provider's public source: inputs,
 * defaults, limits and their messages, the characters of a string, the forms of an id, import texts, and which change
 * makes a new resource. From recordings in pulumi-random's public tests: property names, resource ids, secret marks and
 * the state's `__meta`. Values come from Node.js's cryptographic generator; `bcryptHash` is a real bcrypt hash.
 *
 * Emulated resources: RandomPassword, RandomString, RandomId, RandomBytes, RandomUuid. Others are errors: RandomInteger,
 * RandomShuffle and RandomPet follow Go's seeded generator and word lists, RandomUuid4 and RandomUuid7 are not needed.
 *
 * Unsupported: the schema (so no code from `pulumi import`), states written by old versions, the warning about `number`,
 * the raw-state delta that the bridge adds to a state, non-ASCII `overrideSpecial`, and conversion of inputs of the
 * wrong type. An input that does not exist is an error here; the released provider ignores it.
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
