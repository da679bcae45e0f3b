package a.b;
import java.util.List;
/** A shape. */
@Deprecated
public final class Shape<T> extends Base implements Drawable {
    private static final int LIMIT = 10;
    public double area(final double by) throws Exception {
        for (int i = 0; i < LIMIT; i++) { System.out.println("x" + i); }
        return this.width * by + 'c' + (null == this ? 1.5f : 2L);
    }
}
