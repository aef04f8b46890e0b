using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Touchmark.VirtualPrinter;

/// <summary>Moonraker's HTTP face: <c>/printer/info</c> is <c>printer.info</c>, arguments come in the query, a form or a JSON body.</summary>
internal sealed class HttpDoor(MoonrakerServer server)
{
    private const int MaxBody = 16 * 1024 * 1024;

    private readonly OctoPrintApi octoPrint = new(server);
    private readonly FaultDoor faults = new(server);

    public async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";
        try
        {
            if (path is "/websocket" or "/klippysocket" && context.WebSockets.IsWebSocketRequest)
                await new SocketDoor(server, context).RunAsync(bridge: path == "/klippysocket");
            else if (path.StartsWith("/virtual/", StringComparison.Ordinal))
                await AnswerAsync(context, await faults.HandleAsync(context, path));
            else
                await HandleApiAsync(context, path);
        }
        catch (ApiError error)
        {
            await RefuseAsync(context, error);
        }
        catch (Exception error) when (error is BadHttpRequestException or InvalidDataException or IOException)
        {
            await RefuseAsync(context, new ApiError(400, "Bad Request"));
        }
    }

    /// <summary>Runs a call inside the reactor and waits for its answer outside of it.</summary>
    public static Task<object?> CallAsync(MoonrakerServer server, Func<ValueTask<object?>> call)
    {
        var answer = new TaskCompletionSource<object?>(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Reactor.Run(() => _ = RunAsync());
        return answer.Task;

        async Task RunAsync()
        {
            try
            {
                answer.SetResult(await call());
            }
            catch (ApiError error)
            {
                answer.SetException(error);
            }
            catch (CommandError error)
            {
                answer.SetException(new ApiError(400, error.Message));
            }
        }
    }

    private async Task HandleApiAsync(HttpContext context, string path)
    {
        var request = context.Request;
        if (request.Method == "POST" && path is "/server/files/upload" or "/api/files/local")
        {
            await UploadAsync(context, path);
            return;
        }

        if (path.StartsWith("/api/", StringComparison.Ordinal))
        {
            await AnswerAsync(context, await octoPrint.HandleAsync(request.Method, path, await ArgumentsAsync(request)));
            return;
        }

        if (path.StartsWith("/server/files/gcodes/", StringComparison.Ordinal) || path.StartsWith("/server/files/config/", StringComparison.Ordinal))
        {
            await FileAsync(context, path["/server/files/".Length..]);
            return;
        }

        var method = path.Trim('/').Replace('/', '.');
        if (!server.HasMethod(method))
            throw new ApiError(404, "Not Found");
        if (request.Method is not ("GET" or "POST" or "DELETE"))
            throw new ApiError(405, "Method Not Allowed");
        var arguments = await ArgumentsAsync(request);
        if (method is "printer.objects.query" or "printer.objects.subscribe")
            arguments = ObjectsOf(request);
        var result = await CallAsync(server, () => server.CallAsync(new ApiRequest(method, arguments, null)));
        await AnswerAsync(context, new JsonMap { ["result"] = result });
    }

    private static async Task AnswerAsync(HttpContext context, object? body, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=UTF-8";
        var bytes = Json.Encode(body);
        context.Response.ContentLength = bytes.Length;
        await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
    }

    private static async Task RefuseAsync(HttpContext context, ApiError error)
    {
        if (context.Response.HasStarted)
            return;
        // Over HTTP a JSON-RPC code has no place: the method is not there.
        var status = error.Code < 0 ? 404 : error.Code;
        if (context.Features.Get<IHttpResponseFeature>() is { } feature && !error.Message.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            feature.ReasonPhrase = error.Message;
        var details = new JsonMap { ["code"] = status, ["message"] = error.Message, ["traceback"] = $"Traceback (most recent call last):\n\nmoonraker.utils.exceptions.ServerError: {error.Message}\n" };
        await AnswerAsync(context, new JsonMap { ["error"] = details }, status);
    }

    /// <summary>Arguments of query, form or JSON body as one object; a body that is no JSON counts as none, as with Moonraker.</summary>
    private static async Task<JsonElement> ArgumentsAsync(HttpRequest request)
    {
        var arguments = new JsonMap();
        if (request.HasFormContentType)
        {
            foreach (var (name, value) in await request.ReadFormAsync(request.HttpContext.RequestAborted))
                arguments[name] = value.ToString();
        }
        else if (request.ContentType?.StartsWith("application/json", StringComparison.OrdinalIgnoreCase) == true)
        {
            await ReadJsonAsync(request, arguments);
        }

        foreach (var (name, value) in request.Query)
            arguments[name] = value.ToString();
        return Json.ToElement(arguments);
    }

    private static async Task ReadJsonAsync(HttpRequest request, JsonMap arguments)
    {
        using var body = new MemoryStream();
        await CopyAsync(request.Body, body, MaxBody, request.HttpContext.RequestAborted);
        try
        {
            using var document = JsonDocument.Parse(body.ToArray());
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return;
            foreach (var member in document.RootElement.EnumerateObject())
                arguments[member.Name] = member.Value.Clone();
        }
        catch (JsonException)
        {
            // The missing argument is what the client will be told of.
        }
    }

    /// <summary><c>?toolhead&amp;extruder=temperature,target</c>: objects with the fields that are wanted.</summary>
    private static JsonElement ObjectsOf(HttpRequest request)
    {
        var objects = new JsonMap();
        foreach (var (name, value) in request.Query)
            objects[name] = value.ToString() is { Length: > 0 } fields ? fields.Split(',') : null;
        return Json.ToElement(new JsonMap { ["objects"] = objects });
    }

    private async Task UploadAsync(HttpContext context, string path)
    {
        var cancel = context.RequestAborted;
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 and < 256 } boundary)
            throw new ApiError(400, "Bad Request");
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var reader = new MultipartReader(boundary, context.Request.Body);
        string? name = null;
        byte[]? content = null;
        while (await reader.ReadNextSectionAsync(cancel) is { } section)
        {
            if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                continue;
            using var buffer = new MemoryStream();
            if (disposition.IsFileDisposition())
            {
                await section.Body.CopyToAsync(buffer, cancel);
                name = (disposition.FileNameStar.HasValue ? disposition.FileNameStar : HeaderUtilities.RemoveQuotes(disposition.FileName)).Value;
                content = buffer.ToArray();
            }
            else
            {
                await CopyAsync(section.Body, buffer, 64 * 1024, cancel);
                fields[HeaderUtilities.RemoveQuotes(disposition.Name).Value ?? ""] = Encoding.UTF8.GetString(buffer.ToArray());
            }
        }

        if (name is null || content is null)
            throw new ApiError(400, "Bad Request");
        var answer = (JsonMap)(await CallAsync(server, () => ValueTask.FromResult<object?>(FileApi.Upload(
            server, fields.GetValueOrDefault("root", "gcodes"), fields.GetValueOrDefault("path", ""), name, fields.GetValueOrDefault("checksum"), content))))!;
        var stored = (string)((JsonMap)answer["item"]!)["path"]!;
        var place = path.StartsWith("/api", StringComparison.Ordinal) ? "/api/files/moonraker/gcodes/" : $"/server/files/{fields.GetValueOrDefault("root", "gcodes")}/";
        context.Response.Headers.Location = $"{context.Request.Scheme}://{context.Request.Host}{place}{string.Join('/', stored.Split('/').Select(Uri.EscapeDataString))}";
        if (fields.GetValueOrDefault("print") == "true")
        {
            await CallAsync(server, () => server.CallAsync(new ApiRequest("printer.print.start", Json.ToElement(new JsonMap { ["filename"] = stored }), null)));
            answer["print_started"] = true;
        }

        await AnswerAsync(context, answer, 201);
    }

    private async Task FileAsync(HttpContext context, string path)
    {
        if (context.Request.Method == "DELETE")
        {
            var deleted = await CallAsync(server, () => server.CallAsync(new ApiRequest("server.files.delete_file", Json.ToElement(new JsonMap { ["path"] = path }), null)));
            await AnswerAsync(context, new JsonMap { ["result"] = deleted });
            return;
        }

        var content = await CallAsync(server, () => ValueTask.FromResult<object?>(FileApi.Read(server, path.Split('/')[0], path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]))) as byte[] ?? throw new ApiError(404, "Not Found");
        context.Response.ContentType = "application/octet-stream";
        await context.Response.Body.WriteAsync(content, context.RequestAborted);
    }

    private static async Task CopyAsync(Stream from, MemoryStream to, int limit, CancellationToken cancel)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReadAsync(buffer, cancel) is > 0 and var read)
        {
            if (to.Length + read > limit)
                throw new ApiError(413, "Request Entity Too Large");
            to.Write(buffer, 0, read);
        }
    }
}
