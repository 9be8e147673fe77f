import type * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../kubernetes/dynamic-resource";
import type { ImagesReadyArgs } from "./images-ready-provider";

/**
 * Waits until image and weights are on every node. Quotes the kubelet's reason if they are not, and fails early if no
 * retry can help: an image that does not exist, a missing folder.
 */
export class ImagesReady extends DynamicResource {
    constructor(name: string, args: ImagesReadyArgs, opts: pulumi.CustomResourceOptions) {
        const { cluster, ...rest } = args;
        super("opt/images-ready-provider", name, { ...rest, ...cluster }, opts, "ImagesReady");
    }
}
