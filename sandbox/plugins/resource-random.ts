/**
 * Emulator of `pulumi-resource-random`, the provider of @pulumi/random. It is used only if Pulumi is not installed, because the
 * released provider cannot be downloaded as a Go module.
 *
 * Emulated: version 4.21.2, which bridges HashiCorp's random provider 3.x. Any other resource or input than those in random.ts is
 * an error.
 */
import { randomService } from "./random";
import { serveProvider } from "./serve";

void serveProvider(randomService());
