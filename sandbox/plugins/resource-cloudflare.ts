/**
 * Emulator of `pulumi-resource-cloudflare`, the provider of @pulumi/cloudflare. It is used only if Pulumi is not installed,
 * because the released provider cannot be downloaded as a Go module.
 *
 * Emulated: requests and behavior of provider 6.17.0 (Terraform provider 5.19.1), recorded against a server, with the inputs of
 * SDK 6.22.1 that this project sets (cloudflare/resources.ts, cloudflare/lookups.ts). Any other resource, function or input is an
 * error, as are imports other than of zones and tunnels.
 */
import { cloudflareService } from "./cloudflare/service";
import { serveProvider } from "./serve";

void serveProvider(cloudflareService());
