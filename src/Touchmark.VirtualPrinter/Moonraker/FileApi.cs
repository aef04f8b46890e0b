using System.Security.Cryptography;

namespace Touchmark.VirtualPrinter;

/// <summary>The <c>server.files.*</c> methods over the in-memory stores. The roots <c>gcodes</c> and <c>config</c> hold files.</summary>
internal static class FileApi
{
    private const string Root = "gcodes";

    private static (string Name, string Path, string Permissions)[] Roots(MoonrakerServer server) =>
    [
        ("config", "/home/pi/printer_data/config", "rw"),
        ("logs", "/home/pi/printer_data/logs", "r"),
        (Root, server.Files.Root, "rw"),
        ("config_examples", "/home/pi/klipper/config", "r"),
        ("docs", "/home/pi/klipper/docs", "r"),
    ];

    public static void Register(MoonrakerServer server, ApiTable api)
    {
        api.Add("server.files.roots", _ => Roots(server).Select(root => new JsonMap { ["name"] = root.Name, ["path"] = root.Path, ["permissions"] = root.Permissions }).ToArray());
        api.Add("server.files.list", request => List(server, request));
        api.Add("server.files.metadata", request => MetadataOf(server, request.Text("filename")));
        api.Add("server.files.metascan", request => MetadataOf(server, request.Text("filename")));
        api.Add("server.files.thumbnails", request => Find(server, request.Text("filename")) is null ? throw NoFile(request.Text("filename")) : Array.Empty<string>());
        api.Add("server.files.get_directory", request => Directory(server, request));
        api.Add("server.files.delete_file", request => DeleteFile(server, request.Text("path")));
        api.Add("server.files.delete_directory", request => DeleteDirectory(server, request.Text("path"), request.BoolOr("force", false)));
    }

    /// <summary>A file of a root; null when there is none.</summary>
    public static byte[]? Read(MoonrakerServer server, string root, string path) => StoreOf(server, root)?.Read(path);

    /// <summary>Takes an uploaded file: what Moonraker answers, and the notifications.</summary>
    /// <param name="server">The server.</param>
    /// <param name="root">Form field <c>root</c>.</param>
    /// <param name="directory">Form field <c>path</c>.</param>
    /// <param name="fileName">Name in the form's file part.</param>
    /// <param name="checksum">Form field <c>checksum</c>: SHA-256 in hexadecimal; null when there is none.</param>
    /// <param name="content">The file.</param>
    public static JsonMap Upload(MoonrakerServer server, string root, string directory, string fileName, string? checksum, byte[] content)
    {
        if (checksum is not null && !string.Equals(checksum, Convert.ToHexStringLower(SHA256.HashData(content)), StringComparison.OrdinalIgnoreCase))
            throw new ApiError(422, "Unprocessable Entity");
        if (StoreOf(server, root) is not { } store || Clean(directory.Length == 0 ? fileName : directory + "/" + fileName) is not { } path || !store.HasRoomFor(content.Length))
            throw new ApiError(400, "Bad Request");
        var known = store.Directories().ToHashSet(StringComparer.Ordinal);
        var action = store.Find(path) is null || root == Root ? "create_file" : "modify_file";
        var now = server.Reactor.UnixNow;
        store.Put(path, Stored(content, now, root == Root));
        var item = Item(path, now, content.Length, "rw", root);
        if (store.Directories().FirstOrDefault(name => !known.Contains(name)) is { } created)
            Changed(server, "create_dir", Item(created, now, 4096, "rw", root));
        Changed(server, action, item);
        var answer = new JsonMap { ["action"] = action, ["item"] = item };
        if (root == Root)
        {
            answer["print_started"] = false;
            answer["print_queued"] = false;
        }

        return answer;
    }

    /// <summary>A file that came at a time, with what Moonraker reads from G-code.</summary>
    public static FileStore.StoredFile Stored(byte[] content, double now, bool isGCode)
    {
        var uuid = new Guid(RandomNumberGenerator.GetBytes(16)).ToString("D");
        return new FileStore.StoredFile(content, now, uuid, isGCode ? GCodeMetadata.Read(content, now, uuid) : []);
    }

    private static JsonMap[] List(MoonrakerServer server, ApiRequest request)
    {
        var root = request.TextOr("root", Root);
        if (!Roots(server).Any(known => known.Name == root))
            throw new ApiError(400, $"Invalid Root Directory: {root}");
        if (StoreOf(server, root!) is not { } store)
            return [];
        return [.. store.List().Select(entry => new JsonMap
        {
            ["path"] = entry.Path,
            ["modified"] = entry.File.Modified,
            ["size"] = entry.File.Content.Length,
            ["permissions"] = "rw",
        })];
    }

    private static JsonMap MetadataOf(MoonrakerServer server, string name)
    {
        var file = Find(server, name) ?? throw NoFile(name);
        var result = new JsonMap();
        foreach (var (field, value) in file.Metadata)
            result[field] = value;
        result["filename"] = name;
        return result;
    }

    private static JsonMap Directory(MoonrakerServer server, ApiRequest request)
    {
        var path = request.TextOr("path", Root)!.Trim('/');
        var inside = path == Root ? "" : path.StartsWith(Root + "/", StringComparison.Ordinal) ? path[(Root.Length + 1)..] : throw new ApiError(400, $"Directory does not exist ({path})");
        var prefix = inside.Length == 0 ? "" : inside + "/";
        var directories = server.Files.Directories().Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length && !name[prefix.Length..].Contains('/', StringComparison.Ordinal));
        var files = server.Files.List().Where(entry => entry.Path.StartsWith(prefix, StringComparison.Ordinal) && !entry.Path[prefix.Length..].Contains('/', StringComparison.Ordinal));
        var extended = request.BoolOr("extended", false);
        return new JsonMap
        {
            ["dirs"] = directories.Select(name => new JsonMap { ["modified"] = server.Reactor.UnixNow, ["size"] = 4096, ["permissions"] = "rw", ["dirname"] = name[prefix.Length..] }).ToArray(),
            ["files"] = files.Select(entry => Entry(entry.Path[prefix.Length..], entry.File, extended)).ToArray(),
            ["disk_usage"] = new JsonMap { ["total"] = 64_000_000_000, ["used"] = 8_000_000_000, ["free"] = 56_000_000_000 },
            ["root_info"] = new JsonMap { ["name"] = Root, ["permissions"] = "rw" },
        };
    }

    private static JsonMap Entry(string name, FileStore.StoredFile file, bool extended)
    {
        var result = new JsonMap { ["modified"] = file.Modified, ["size"] = file.Content.Length, ["permissions"] = "rw", ["filename"] = name };
        if (extended)
        {
            foreach (var (field, value) in file.Metadata)
                result.TryAdd(field, value);
        }

        return result;
    }

    private static JsonMap DeleteFile(MoonrakerServer server, string path)
    {
        var root = path.TrimStart('/').StartsWith("config/", StringComparison.Ordinal) ? "config" : Root;
        var name = Inside(path, root);
        if (!StoreOf(server, root)!.Delete(name))
            throw new ApiError(404, $"Path does not exist: {Roots(server).First(known => known.Name == root).Path}/{name}");
        var item = Item(name, 0, 0, "", root);
        Changed(server, "delete_file", item);
        return new JsonMap { ["action"] = "delete_file", ["item"] = item };
    }

    private static JsonMap DeleteDirectory(MoonrakerServer server, string path, bool force)
    {
        var name = Inside(path);
        if (!server.Files.Directories().Contains(name, StringComparer.Ordinal))
            throw new ApiError(404, $"Directory does not exist ({path})");
        if (!force)
            throw new ApiError(403, $"Directory not empty: {path}");
        server.Files.DeleteDirectory(name);
        var item = Item(name, 0, 0, "");
        Changed(server, "delete_dir", item);
        return new JsonMap { ["action"] = "delete_dir", ["item"] = item };
    }

    private static FileStore.StoredFile? Find(MoonrakerServer server, string name) => server.Files.Find(name);

    private static ApiError NoFile(string name) => new(404, $"Metadata not available for <{name}>");

    private static void Changed(MoonrakerServer server, string action, JsonMap item) =>
        server.Notify("notify_filelist_changed", new JsonMap { ["action"] = action, ["item"] = item });

    private static FileStore? StoreOf(MoonrakerServer server, string root) => root switch
    {
        Root => server.Files,
        "config" => server.Machine.ConfigFiles,
        _ => null,
    };

    private static JsonMap Item(string path, double modified, long size, string permissions, string root = Root) => new()
    {
        ["modified"] = modified == 0 ? (object)0 : modified,
        ["size"] = size,
        ["permissions"] = permissions,
        ["path"] = path,
        ["root"] = root,
    };

    private static string Inside(string path, string root = Root)
    {
        var trimmed = path.TrimStart('/');
        return trimmed.StartsWith(root + "/", StringComparison.Ordinal) && Clean(trimmed[(root.Length + 1)..]) is { } name
            ? name
            : throw new ApiError(400, $"Invalid file path: {path}");
    }

    /// <summary>A path inside the root; null when it leads out of it or is none.</summary>
    private static string? Clean(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 0 || parts.Length > 32 || path.Length > 1024 || parts.Any(part => part is "." or ".." || part.Any(char.IsControl)) ? null : string.Join('/', parts);
    }
}
