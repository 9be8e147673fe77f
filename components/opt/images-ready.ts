import * as pulumi from "@pulumi/pulumi";
import { provider, type ImagesReadyArgs } from "./images-ready-provider";

/**
 * Waits until image and weights are on every node. Says why they are not in the words of the kubelet, and ends early where no
 * further try makes it good: an image that is not there, a folder that is missing.
 */
export class ImagesReady extends pulumi.dynamic.Resource {
    constructor(name: string, args: ImagesReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super(provider, name, { ...rest, ...cluster }, opts, "alpa-auth", "ImagesReady");
    }
}
