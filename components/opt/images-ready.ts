import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ImagesReadyArgs } from "./images-ready-provider";

/**
 * Waits until the image and the weights are on every node. Otherwise it fails with the reason that the kubelet reports. It
 * fails at once if no retry can help, for example if the image or a folder does not exist.
 */
export class ImagesReady extends DynamicResource {
    constructor(name: string, args: ImagesReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("opt/images-ready-provider", name, { ...rest, ...cluster }, opts, "ImagesReady");
    }
}
