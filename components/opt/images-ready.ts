import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ImagesReadyArgs } from "./images-ready-provider";

/**
 * Waits until image and weights are on every node. If they are not, it fails with the kubelet's reason, and at once if no
 * retry can help, for example if the image or a folder does not exist.
 */
export class ImagesReady extends DynamicResource {
    constructor(name: string, args: ImagesReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("opt/images-ready-provider", name, { ...rest, ...cluster }, opts, "ImagesReady");
    }
}
