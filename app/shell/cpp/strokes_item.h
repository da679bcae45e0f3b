#pragma once

#include <QtCore/QList>
#include <QtGui/QColor>
#include <QtQuick/QQuickPaintedItem>

/// Draws lines: outlines over a canvas, one pixel of the screen wide, and the lines of icons.
class StrokesItem : public QQuickPaintedItem
{
    Q_OBJECT

public:
    explicit StrokesItem(QQuickItem *parent = nullptr);

    /// Takes other lines. Each is its style, whether it is closed, how many points it has, and their coordinates in the
    /// item's units. Styles: 0 an outline, 1 the same filled faintly, 2 dashed and filled faintly, 3 the line of an icon.
    void setStrokes(const QList<double> &strokes);
    void setColor(const QColor &color);
    /// Pixels of the screen for one unit of the item.
    qreal pixelRatio() const;
    void paint(QPainter *painter) override;

protected:
    void geometryChange(const QRectF &geometry, const QRectF &before) override;
    void itemChange(ItemChange change, const ItemChangeData &value) override;
    /// Called when the size or the pixel ratio may have changed.
    virtual void resized() {}

private:
    QList<double> m_strokes;
    QColor m_color;
};
