using Touchmark.Evidence.Documents;

namespace Touchmark.Engine.Licences;

/// <summary>What one row of a licence's limits means. The numbers are in databases: never change or reuse one.</summary>
internal enum LicenceScope : long
{
    /// <summary>An organisation that may print on any printer of its own.</summary>
    Manufacturer = 1,

    /// <summary>A printer that may print.</summary>
    Printer = 2,

    /// <summary>A material that may be used; none named means any.</summary>
    Material = 3,

    /// <summary>A quality that may be used; none named means any.</summary>
    Quality = 4,
}

/// <summary>A licence as it stands in the database.</summary>
internal sealed record Licence
{
    public Guid Id { get; init; }

    public Guid DesignId { get; init; }

    /// <summary>The organisation that owns the design.</summary>
    public Guid OrganisationId { get; init; }

    public string Organisation { get; init; } = "";

    public string DesignName { get; init; } = "";

    public long Prints { get; init; }

    public long Taken { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public double? ExposureLimitS { get; init; }

    public double? OutageLimitS { get; init; }

    public RevocationPolicy RevocationPolicy { get; init; }

    public bool AllowScriptStore { get; init; }

    public bool AllowNoDeadMan { get; init; }

    /// <summary>By how much the engine may slow the feed, %.</summary>
    public double MaxSlowdownPercent { get; init; }

    /// <summary>By how much the engine may move a heater's target, °C.</summary>
    public double MaxTemperatureTrimC { get; init; }

    public DateTimeOffset GrantedAt { get; init; }

    /// <summary>The signed LicenceGrant.</summary>
    public byte[] Statement { get; init; } = [];

    public DateTimeOffset? RevokedAt { get; init; }

    public IReadOnlyList<ScopeRow> Scopes { get; init; } = [];

    public IEnumerable<string> Of(LicenceScope kind) => Scopes.Where(scope => scope.Kind == kind).Select(scope => scope.Value);
}

internal sealed record ScopeRow
{
    public Guid LicenceId { get; init; }

    public LicenceScope Kind { get; init; }

    /// <summary>An id, or a material or quality.</summary>
    public string Value { get; init; } = "";

    /// <summary>For people: the name of the organisation, or the value itself.</summary>
    public string? Name { get; init; }
}

/// <summary>What a job asks of a licence.</summary>
internal sealed record PrintRequest(Guid PrinterId, Guid PrinterOrganisationId, string Material, string Quality);

/// <summary>One print, taken from a licence.</summary>
/// <param name="Licence">As it stood when the print was taken.</param>
/// <param name="PrintNumber">Which of the licence's prints this is, from 1.</param>
internal sealed record TakenPrint(Licence Licence, long PrintNumber);
