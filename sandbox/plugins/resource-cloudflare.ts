/**
 * Emulator of `pulumi-resource-cloudflare`, the provider behind @pulumi/cloudflare. Used only where no Pulumi is
 * installed: the released provider is not served as a Go module.
 *
 * Emulated: what provider 6.17.0 (Terraform provider 5.19.1) sent and did when it was run against a recording server, with
 * the inputs of SDK 6.22.1; where 6.22.1 differs, from its type files: `enabled` of a service token, the policy's new
 * outputs. It talks HTTP to the API at `baseUrl`, CLOUDFLARE_BASE_URL, or Cloudflare's own address: the same paths,
 * bodies, explicit nulls, retries and error texts, and the same trust in answers that deserve none.
 *
 * Emulated resources and functions: cloudflare/resources/index.ts and cloudflare/lookups.ts. Others are errors, and so
 * are inputs that are not described there; the released provider knows many more of both. Where it crashes (an answer
 * without a setting's `value`, or without a record's `data`), this one fails and says so.
 *
 * Unsupported: the schema (so no code from `pulumi import`), states written by old versions, the warnings it prints,
 * the raw-state delta that the bridge adds to a state, and `includeShadowMetadata` of a record.
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
