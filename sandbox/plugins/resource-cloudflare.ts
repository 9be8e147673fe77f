/**
 * Emulator of `pulumi-resource-cloudflare`, the provider of @pulumi/cloudflare. It is used only if Pulumi is not installed,
 * because the released provider cannot be downloaded as a Go module.
 *
 * Emulated: requests and behavior of provider 6.17.0 (Terraform provider 5.19.1), recorded against a server, with the inputs of
 * SDK 6.22.1. What is new in 6.22.1 follows its type files: `enabled` of a service token, outputs of a policy. The emulator
 * calls the API at `baseUrl`, CLOUDFLARE_BASE_URL, or Cloudflare's own address, with the same paths, bodies, explicit
 * nulls, retries and error texts, and accepts wrong answers as the released provider does.
 *
 * Emulated resources and functions: cloudflare/resources/index.ts and cloudflare/lookups.ts. Any other resource, function or
 * input is an error. Where the released provider crashes (an answer without a setting's `value`, or without a record's `data`),
 * the emulator fails with a message.
 *
 * Unsupported: the schema (so no code from `pulumi import`), states of old versions, warnings, the raw-state delta that the
 * bridge adds to a state, and `includeShadowMetadata` of a record.
 */
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { cloudflareService } from "./cloudflare/service";
import { serve } from "./serve";
import { whenParentGone } from "./watch-parent";

whenParentGone(() => process.exit(1));
serve(ResourceProviderService as never, cloudflareService()).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
});
