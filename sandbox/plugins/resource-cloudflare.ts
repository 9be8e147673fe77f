/**
 * Emulator of `pulumi-resource-cloudflare`, the provider of @pulumi/cloudflare. Used only without an installed Pulumi: the
 * released provider is not available as a Go module.
 *
 * Emulated: requests and behavior of provider 6.17.0 (Terraform provider 5.19.1), recorded against a server, with the inputs of
 * SDK 6.22.1. Differences of 6.22.1 are from its type files: `enabled` of a service token, the policy's new outputs. It calls
 * the API at `baseUrl`, CLOUDFLARE_BASE_URL, or Cloudflare's own address, with the same paths, bodies, explicit nulls, retries
 * and error texts, and it trusts wrong answers in the same way.
 *
 * Emulated resources and functions: cloudflare/resources/index.ts and cloudflare/lookups.ts. Others are errors, and so are
 * inputs that those files do not have. Where the released provider crashes (an answer without a setting's `value`, or without a
 * record's `data`), this one fails with a message.
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
