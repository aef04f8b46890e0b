namespace Touchmark.VirtualPrinter;

/// <summary>The <c>printer.*</c> methods, which Moonraker passes on to Klipper.</summary>
internal static class PrinterApi
{
    public static void Register(MoonrakerServer server, ApiTable api)
    {
        api.AddAsync("printer.info", _ => server.AskKlippyAsync(klippy => Task.FromResult<object?>(Info(server, klippy))));
        api.AddAsync("printer.emergency_stop", _ => server.AskKlippyAsync(klippy =>
        {
            klippy.Shutdown("Shutdown due to webhooks request");
            return Task.FromResult<object?>("ok");
        }));
        api.AddAsync("printer.restart", _ => Restart(server, firmware: false));
        api.AddAsync("printer.firmware_restart", _ => Restart(server, firmware: true));
        api.AddAsync("printer.objects.list", _ => server.AskKlippyAsync(klippy => Task.FromResult<object?>(new JsonMap { ["objects"] = klippy.ObjectNames.ToArray() })));
        api.AddAsync("printer.objects.query", request => server.AskKlippyAsync(_ => server.Beat.QueryAsync(StatusBeat.ReadObjects(request))));
        api.AddAsync("printer.objects.subscribe", request => SubscribeAsync(server, request));
        api.AddAsync("printer.query_endstops.status", _ => server.AskKlippyAsync(async klippy => await klippy.Motion.QueryEndstopsAsync()));
        api.AddAsync("printer.gcode.help", _ => server.AskKlippyAsync(klippy => Task.FromResult<object?>(Help(klippy))));
        api.AddAsync("printer.gcode.script", request =>
        {
            var script = request.Text("script");
            if (server.Klippy is not null)
                server.Store.Add(script, "command", server.Reactor.UnixNow);
            return server.RunScriptAsync(script);
        });
        api.AddAsync("printer.print.start", request => server.RunScriptAsync($"SDCARD_PRINT_FILE FILENAME=\"{request.Text("filename").Replace("\"", "", StringComparison.Ordinal)}\""));
        api.AddAsync("printer.print.pause", _ => server.RunScriptAsync("PAUSE"));
        api.AddAsync("printer.print.resume", _ => server.RunScriptAsync("RESUME"));
        api.AddAsync("printer.print.cancel", _ => server.RunScriptAsync("CANCEL_PRINT"));
    }

    private static JsonMap Info(MoonrakerServer server, Klippy klippy)
    {
        var info = Recorded.Map("printer_info");
        info["state"] = klippy.State;
        info["state_message"] = klippy.StateMessage;
        info["hostname"] = server.Machine.Identity.HostName;
        return info;
    }

    private static JsonMap Help(Klippy klippy)
    {
        var help = new JsonMap();
        foreach (var (name, text) in klippy.GCode.Commands)
        {
            if (text is not null)
                help[name] = text;
        }

        return help;
    }

    private static ValueTask<object?> Restart(MoonrakerServer server, bool firmware) => server.AskKlippyAsync(_ =>
    {
        server.Restart(firmware);
        return Task.FromResult<object?>("ok");
    });

    private static ValueTask<object?> SubscribeAsync(MoonrakerServer server, ApiRequest request)
    {
        var client = request.Client ?? throw new ApiError(400, "No connection associated with subscription request");
        var objects = StatusBeat.ReadObjects(request);
        return server.AskKlippyAsync(async _ =>
        {
            var answer = await server.Beat.QueryAsync(objects);
            client.Subscription.Clear();
            foreach (var (name, fields) in objects)
                client.Subscription[name] = fields;
            return answer;
        });
    }
}
