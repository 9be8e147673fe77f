/** The parts of the ResourceProvider service that all emulated providers share. */
import * as grpc from "@grpc/grpc-js";
import * as plugin from "@pulumi/pulumi/proto/plugin_pb";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import type { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { parseUrn, readValues, writeDifferences } from "./protocol";
import { unary } from "./serve";

type Calls = Partial<Record<keyof typeof ResourceProviderService, grpc.UntypedHandleCall>>;

/**
 * The service of one provider.
 * @param name for example "random" in "the random provider"
 * @param version version of the emulated SDK
 * @param settings names of the provider's settings. Changed settings never replace its resources
 * @param calls the implementation of this provider
 */
export function providerService(
    name: string,
    version: string,
    settings: string[],
    calls: Calls,
): grpc.UntypedServiceImplementation {
    const common: Calls = {
        getPluginInfo: unary(() => new plugin.PluginInfo().setVersion(version)),
        attach: unary(() => new Empty()),
        cancel: unary(() => new Empty()),
        checkConfig: unary((request: provider.CheckRequest) => {
            const known = ["version", "pluginDownloadURL", ...settings];
            const odd = Object.keys(readValues(request.getNews())).filter((setting) => !known.includes(setting));
            return checked(
                request,
                odd.map((one) => `The sandbox's ${name} provider has no setting "${one}".`),
            );
        }),
        diffConfig: unary((request: provider.DiffRequest) => {
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const changed = settings.filter((setting) => olds[setting] !== news[setting]);
            return writeDifferences(changed.map((property) => ({ property, kind: "UPDATE", replace: false })));
        }),
        configure: unary(() => new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true)),
    };
    return { ...common, ...calls } as grpc.UntypedServiceImplementation;
}

/** The response to a check: the inputs as given, and the problems. */
export function checked(request: provider.CheckRequest, problems: string[]): provider.CheckResponse {
    const failures = problems.map((problem) => new provider.CheckFailure().setReason(problem));
    return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
}

/** The entry of the type in a URN. @throws Error that names an unsupported type */
export function typeOf<T>(name: string, types: Record<string, T>, urn: string): T {
    const { type } = parseUrn(urn);
    if (types[type]) return types[type];
    const known = Object.keys(types).join(", ");
    throw new Error(
        `unsupported by the sandbox: ${type}. The sandbox's ${name} provider has ${known}. Use one of these, or install Pulumi.`,
    );
}
