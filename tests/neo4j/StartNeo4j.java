import java.nio.file.Path;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/**
 * Neo4j Community as one process: java -cp 'jars/*' StartNeo4j.java HOME, where HOME holds neo4j.conf.
 * Ends when its standard input is closed, so that it never outlives the program that started it.
 */
public class StartNeo4j {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        var service = new DatabaseManagementServiceBuilder(home)
                .loadPropertiesFromFile(home.resolve("neo4j.conf"))
                .build();
        Runtime.getRuntime().addShutdownHook(new Thread(service::shutdown));
        while (System.in.read() >= 0) {
            // Whatever is written to us is ignored; only the end of the stream matters.
        }
        System.exit(0);
    }
}
