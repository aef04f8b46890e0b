namespace Touchmark.Engine.Accounts;

/// <summary>SQL for the newest rows of a table that an organisation sees from either side: as the one that prints, or as the owner of what is printed.</summary>
internal static class OwnRows
{
    /// <summary>
    /// The condition of a list that is ordered by its ids, newest first; it takes @Organisation, @Before and @Most. Each side is read from its own index: by a plain "or" the database goes through the rows of everybody until it has
    /// found enough.
    /// </summary>
    /// <param name="table">Has the columns id, organisation_id and owner_id, and an index of each of the two with the id.</param>
    public static string Newest(string table) => $"{table}.id in ({Side(table, "organisation_id")} union {Side(table, "owner_id")}) ";

    /// <summary>The same for a list in another order and with conditions: that a row is among the first of either side; it takes @Organisation, and what the others name.</summary>
    /// <param name="table">Has the columns id, organisation_id and owner_id, and an index of each of the two with those of the order.</param>
    /// <param name="conditions">What else holds.</param>
    /// <param name="first">Order and limit of the list.</param>
    public static string First(string table, string conditions, string first)
    {
        return $"{table}.id in ({Of("organisation_id")} union {Of("owner_id")})";

        string Of(string column) => $"select id from (select {table}.id from {table} where {table}.{column} = @Organisation and {conditions} {first}) as of_{column}";
    }

    private static string Side(string table, string column) =>
        $"select id from (select id from {table} where {column} = @Organisation and id < @Before order by id desc limit @Most) as of_{column}";
}
