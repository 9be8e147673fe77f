import * as grpc from "@grpc/grpc-js";
import * as provider from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import {
    holdsUnknown,
    parseUrn,
    readValues,
    type Values,
    writeDifferences,
    writeNames,
    writeValues,
    writeWithSecrets,
} from "../protocol";
import { providerService, type Calls } from "../provider";
import { unsupported, unary } from "../serve";
import { problemsOf } from "./check";
import type { ResourceType } from "./fields";
import { Api } from "./http";
import * as lifecycle from "./lifecycle";
import { LOOKUPS } from "./lookups";
import { difference, preview } from "./plan";
import { RESOURCE_TYPES } from "./resources";
import { settingsOf, settingsProblems } from "./settings";

/** Version of the SDK whose provider is emulated. */
const VERSION = "6.22.1";

/** Returns the definition of the type in a URN. Throws for an unsupported type. */
function resourceType(urn: string): ResourceType {
    const { type } = parseUrn(urn);
    const known = RESOURCE_TYPES[type];
    if (known) return known;
    throw new Error(
        `unsupported by the sandbox: ${type}. The sandbox's cloudflare provider has ${Object.keys(RESOURCE_TYPES).join(", ")}. ` +
            "Use one of these, or install Pulumi.",
    );
}

/**
 * Whether Diff returns the kind and path of each difference. Pulumi's bridge returns them only if this environment
 * variable is set (pkg/pf/tfbridge/provider_diff.go).
 */
const inDetail = ({ PULUMI_TF_BRIDGE_ACCURATE_PF_BRIDGE_PREVIEW: asked = "" }: NodeJS.ProcessEnv) =>
    ["1", "true"].includes(asked.toLowerCase());

const secretsOf = (type: ResourceType) =>
    Object.entries(type.fields).flatMap(([name, field]) => (field.secret ? [name] : []));

/** Settings in a Configure request, without the prefix `cloudflare:` that their names can have. */
function configuration(request: provider.ConfigureRequest): Values {
    const variables = request.getVariablesMap().toObject() as [string, string][];
    const named = variables.map(([name, value]) => [name.split(":").at(-1) as string, value]);
    return { ...Object.fromEntries(named), ...readValues(request.getArgs()) } as Values;
}

export function cloudflareService(env: NodeJS.ProcessEnv = process.env): grpc.UntypedServiceImplementation {
    const calls = new Service(env);
    return providerService("cloudflare", VERSION, { ...calls.settings, ...calls.resources, ...calls.functions });
}

class Service {
    private api: Api;

    constructor(private readonly env: NodeJS.ProcessEnv) {
        this.api = new Api(settingsOf({}, env));
    }

    readonly settings: Calls = {
        checkConfig: unary((request: provider.CheckRequest) => {
            const failures = settingsProblems(readValues(request.getNews())).map(({ property, reason }) =>
                new provider.CheckFailure().setProperty(property).setReason(reason),
            );
            return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
        }),
        // Changed credentials or a changed address only update the provider, so its resources are never replaced.
        diffConfig: unary((request: provider.DiffRequest) => {
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const names = [...new Set([...Object.keys(olds), ...Object.keys(news)])].sort();
            const changed = names.filter((name) => name !== "version" && olds[name] !== news[name]);
            return writeDifferences(changed.map((property) => ({ property, kind: "UPDATE", replace: false })));
        }),
        configure: unary((request: provider.ConfigureRequest) => {
            // Configure sends no request to the API, so an invalid token fails at the first call.
            this.api = new Api(settingsOf(configuration(request), this.env));
            return new provider.ConfigureResponse().setSupportspreview(true).setAcceptresources(true);
        }),
    };

    readonly resources: Calls = {
        check: unary((request: provider.CheckRequest) => {
            const { name } = parseUrn(request.getUrn());
            const found = problemsOf(resourceType(request.getUrn()), readValues(request.getNews()));
            const failures = found.map(({ property, problem }) =>
                new provider.CheckFailure().setReason(`${problem}. Examine values at '${name}.${property}'.`),
            );
            return new provider.CheckResponse().setInputs(request.getNews()).setFailuresList(failures);
        }),
        diff: unary((request: provider.DiffRequest) => {
            const type = resourceType(request.getUrn());
            const found = difference(type, readValues(request.getOlds()), readValues(request.getNews()));
            return inDetail(this.env) ? writeDifferences(found) : writeNames(found);
        }),
        create: unary(async (request: provider.CreateRequest) => {
            const type = resourceType(request.getUrn());
            const inputs = readValues(request.getProperties());
            if (request.getPreview())
                return new provider.CreateResponse().setProperties(
                    writeWithSecrets(preview(type, inputs), secretsOf(type)),
                );
            const { id, state } = await lifecycle.create(type, this.api, inputs);
            return new provider.CreateResponse().setId(id).setProperties(writeWithSecrets(state, secretsOf(type)));
        }),
        read: unary(async (request: provider.ReadRequest) => {
            const type = resourceType(request.getUrn());
            const old = readValues(request.getProperties());
            if (Object.keys(old).length === 0) {
                const { state, inputs } = await lifecycle.importResource(type, this.api, request.getId());
                return readResponse(type, String(state.id ?? request.getId()), state, inputs);
            }
            const state = await lifecycle.read(type, this.api, old);
            if (!state) return new provider.ReadResponse(); // a response without an id: the resource does not exist
            const inputs = lifecycle.inputsAfterRead(readValues(request.getInputs()), state);
            return readResponse(type, request.getId(), state, inputs);
        }),
        update: unary(async (request: provider.UpdateRequest) => {
            const type = resourceType(request.getUrn());
            const [olds, news] = [readValues(request.getOlds()), readValues(request.getNews())];
            const state = request.getPreview()
                ? preview(type, news, olds)
                : await lifecycle.update(type, this.api, olds, news);
            return new provider.UpdateResponse().setProperties(writeWithSecrets(state, secretsOf(type)));
        }),
        delete: unary(async (request: provider.DeleteRequest) => {
            await lifecycle.remove(resourceType(request.getUrn()), this.api, readValues(request.getProperties()));
            return new Empty();
        }),
    };

    readonly functions: Calls = {
        invoke: unary(async (request: provider.InvokeRequest) => {
            const lookup = LOOKUPS[request.getTok()];
            if (!lookup) return unsupported(`The function ${request.getTok()}`);
            const args = readValues(request.getArgs());
            if (Object.values(args).some(holdsUnknown)) return new provider.InvokeResponse();
            return new provider.InvokeResponse().setReturn(writeValues(await lookup(this.api, args)));
        }),
    };
}

function readResponse(type: ResourceType, id: string, state: Values, inputs: Values): provider.ReadResponse {
    return new provider.ReadResponse()
        .setId(id)
        .setProperties(writeWithSecrets(state, secretsOf(type)))
        .setInputs(writeWithSecrets(inputs, secretsOf(type)));
}
